"""What is remembered: documents and conclusions, found by their words and by the names that connect them."""
