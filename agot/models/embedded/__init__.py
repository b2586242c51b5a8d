"""The embedded model: tokenizer, runtime, worker process, client, and the gateway's calls."""
