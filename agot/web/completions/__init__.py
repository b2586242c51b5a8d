"""Chat completions as OpenAI's clients speak them, answered by runs.

What of a request means what:

*  `model`: `agot` is the strategy "auto", `agot/NAME` the strategy NAME. The other fields of sampling are the run's own affair.
*  `messages`: see `asking`.
*  `max_completion_tokens`, `max_tokens`: room for the answer, which is cut there, with `finish_reason` "length"; -1 and nothing
   mean no bound. What a run may spend is `agot.budget`; where that fired, `finish_reason` is "length", too, and the content is
   the best part that was reached.
*  `tools`: the client runs them, so a request with tools is one call of the role `fast`, passed on as it is; see `relaying`.
*  `response_format`: see `forms`. `logprobs`: passed on with tools, and of `agot/direct`; refused by others.
*  `stop`: the answer ends before the first of these texts.
*  `temperature`, `top_p` and whatever else a model understands: passed on with a request that is; else ignored.
*  `stream`: see `streaming`.
*  `n`: 1. `seed`: the run's seed. What is not named here is ignored by runs.
*  `agot`: `strategy`, `effort`, `budget`, `seed`, `approvals` (a person may be asked, on the page, to approve tool calls of the run),
   `progress` (in a stream, tell how the run goes as `reasoning_content`).

What of a response means what:

*  `id` is `chatcmpl-` and the run's id; `usage` counts all calls of the run, as they were paid for.
*  `agot`: `run_id`, `status`, `trust`, `confidence`, `reward`, `verdicts`, `strategy`, `usage`.
*  A run that abstained says so in the content, with finish_reason "stop"; `agot.status` tells programs.
*  A run that failed without any answer is an error (502, 429, 503), which clients are told not to repeat by themselves.
"""
