"""Web surfaces over the event stream; none is shipped yet."""
