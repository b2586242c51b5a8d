"""The embedded model: tokenizer, runtime, worker process, client, and a litellm provider."""
