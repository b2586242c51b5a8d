"""The key of a call: which variable holds it, read once, freed of what was copied along with it, and checked."""

from __future__ import annotations

from collections.abc import Mapping

from agot.errors import ModelUnauthorised
from agot.models.pool import Endpoint
from agot.redaction import remember
from agot.settings import stripped

_OWN_VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "custom_openai": "OPENAI_API_KEY",
    "lm_studio": "LM_STUDIO_API_KEY",
    "llamafile": "LLAMAFILE_API_KEY",
    "vllm": "HOSTED_VLLM_API_KEY",
}
"""Where litellm looks for the keys of providers whose servers it is told to reach as `hosted_vllm` here."""


def key_of(endpoint: Endpoint, environment: Mapping[str, str]) -> str | None:
    """Return the key that is sent to an endpoint, or None if litellm finds it, or none is needed.

    Raises:
        ModelUnauthorised: If the variable that the role names is not set, or what it holds cannot be sent.
    """
    named = endpoint.settings.api_key_env
    if named:
        value = environment.get(named)
        if not value or not stripped(value):
            raise ModelUnauthorised(
                f"The environment variable {named} should hold the key for {endpoint.place}, but it is not set. "
                f"Set it: export {named}=...",
                model=endpoint.model,
            )
        return _checked(value, named, endpoint)
    provider, _, _ = endpoint.model.partition("/")
    variable = _OWN_VARIABLES.get(provider, f"{endpoint.provider.removesuffix('_chat').upper()}_API_KEY")
    value = environment.get(variable)
    if not value or not stripped(value):
        return None
    key = _checked(value, variable, endpoint)
    # litellm reads the variable of the provider that it is told, and sends what it holds as it is.
    reads_itself = endpoint.called == endpoint.model and key == value
    return None if reads_itself or endpoint.login else key


def _checked(value: str, variable: str, endpoint: Endpoint) -> str:
    key = stripped(value)
    remember(key)
    wrong = next((place for place, sign in enumerate(key) if not "!" <= sign <= "~"), None)
    if wrong is not None:
        what = "a space or line end" if key[wrong].isspace() else "a character that no key has"
        raise ModelUnauthorised(
            f"The environment variable {variable} should hold the key for {endpoint.place}, but there is {what} within it, "
            f"after {wrong} characters. Put the key alone there: export {variable}=...",
            model=endpoint.model,
        )
    return key
