"""OpenAI's newer API, responses, over chat completions: each request becomes one of those, and its reply becomes a response.

What of a request means what:

*  `input`: a question, or items. Messages, function calls and their outputs are a conversation as in chat completions;
   what a model thought (`reasoning`) is left out. Items of other types are refused by name.
*  `instructions`: a message of the system before all others.
*  `tools`: functions, which the client calls; tools that OpenAI would run itself are refused by name.
*  `text.format`: as `response_format`. `max_output_tokens`: as `max_tokens`. `reasoning.effort`: as `reasoning_effort`.
*  `store`: false deletes the run as soon as it is answered. A run is kept whole, but not as a conversation, so
   `previous_response_id` and `conversation` are refused: the client sends the items that were said before.
*  `background`, `prompt`: refused.

A response's `id` is `resp_` and the run's id. Events of a stream come in OpenAI's order and are numbered.
"""
