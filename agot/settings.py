"""Settings: defaults, then the settings file, then the environment, then flags.

The file is `config.toml` in `agot_home()`. Environment variables are `AGOT_` plus the field, nested
with two underscores: `AGOT_ROLES__FAST__MODEL=ollama/qwen3:8b`, `AGOT_EXPERTS__CODER__MODEL=...`, `AGOT_BUDGET__CALLS=50`. Two
short ones exist for what is changed most: `AGOT_MODEL` (the fast role's model) and
`AGOT_DATABASE_URL`. Lists are JSON or have commas: `AGOT_ENGINE__SKIP_CHECKS=form,stated`. An `AGOT_`
variable that nothing reads is refused if it is like one of these, since it is a misspelt one.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agot.budget import Budget
from agot.errors import SetupError
from agot.redaction import (
    is_secret_name,
    remember,
    remember_address,
    remember_environment,
    remember_fields,
    without_secret_arguments,
)

EMBEDDED_MODEL = "embedded/pico"

ROLES = ("fast", "strong", "judge", "embed")

Effort = Literal["fast", "normal", "thorough"]
"""How much an answer may take: one or two calls, what the question is worth, or whatever may help."""

_EXPERT = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
"""Names of experts: what a variable's name can say, too."""


_AROUND = "\ufeff\u200b\u200c\u200d\u2060"
"""What may be copied along with a name, and is not seen."""


def stripped(text: str) -> str:
    """Return a name, address or key without what was copied along with it: space, line ends, marks that are not seen."""
    before = ""
    while before != text:
        before, text = text, text.strip().strip(_AROUND)
    return text


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleSettings(_Section):
    """One named model.

    Attributes:
        model: litellm model string, for instance "hosted_vllm/qwen3-8b" or "embedded/pico".
        base_url: Address of an OpenAI-compatible server; None for the provider's own.
        replicas: Addresses of further servers of the same model. Each call goes to the one with the fewest in flight,
            and to another if that is gone, fails or refuses for the moment; `concurrency` holds for each.
        api_key_env: Name of the environment variable that holds the key; None for litellm's own.
            Keys themselves are never written to settings.
        dialect: "auto" picks "compact" for embedded models and "standard" for all others.
        concurrency: Most calls in flight to this endpoint; None for 8 to Ollama and llamafile, 64 to all others. Fewer are
            sent where more do not make the server faster, see `agot.models.pace`.
        max_loaded_models: Models that the server at this address holds at the same time (Ollama's
            OLLAMA_MAX_LOADED_MODELS); calls are then grouped by model, see `agot.models.gate`. None for no such
            limit. The smallest that any role or expert says of a server holds for all of them.
        timeout_s: Seconds one attempt may take.
        retries: Attempts after the first one for passing faults.
        context_window: Tokens; None to ask litellm's table.
        extra_body: Passed through to the server as it is; to Ollama as its options.
        leave_out: Fields that the server does not take, such as "seed" or "temperature"; "system" puts the system's
            words at the beginning of the user's. What a server refuses by name is left out without being named here.
        proxy: Address of a proxy for calls to this OpenAI-compatible server or Ollama. None for the environment's, which
            servers on this machine or network are not reached through.
        usd_per_hour: What the server's machine costs; calls share the time in which any is in flight.
        usd_per_1m_prompt_tokens, usd_per_1m_output_tokens: Prices of one's own; they come before the one by the hour
            and before those of litellm's table.
    """

    model: str
    base_url: str | None = None
    replicas: tuple[str, ...] = ()
    api_key_env: str | None = None
    dialect: Literal["auto", "standard", "compact"] = "auto"
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    max_tokens: int = Field(default=2048, ge=1)
    concurrency: int | None = Field(default=None, ge=1)
    max_loaded_models: int | None = Field(default=None, ge=1)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
    context_window: int | None = Field(default=None, ge=1)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    proxy: str | None = None
    usd_per_hour: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    usd_per_1m_prompt_tokens: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    usd_per_1m_output_tokens: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)

    @field_validator("model", "base_url", "api_key_env")
    @classmethod
    def _one(cls, text: str | None) -> str | None:
        return None if text is None else stripped(text)

    @field_validator("replicas")
    @classmethod
    def _each(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(stripped(address) for address in addresses)


class EngineSettings(_Section):
    """How the engine works.

    Attributes:
        mode: "ready" starts a thought the moment its parents are done; "layered" is the published
            AGoT schedule (a plan per layer, a barrier between layers), for comparison.
        strategy: "auto", or the name of a registered strategy for every leaf.
        effort: "fast" asks once, and once more only if a check refutes the answer; "normal" also cross-checks a short
            answer, as far as that pays; "thorough" draws more samples, asks the judge, and searches.
        max_plan_thoughts: Thoughts in one plan; a larger plan is sent back to the planner.
        plan_retries: New plans asked for after a rejected one.
        rounds: Extensions of a spent plan before synthesis is forced (layers in layered mode).
        retries: New tries of a thought after its first answer was not accepted.
        samples: Samples of one vote.
        accept: Reward at which an answer is accepted.
        abstain: An answer whose calibrated chance stays below this is withheld. None withholds only what is refuted; with
            the embedded model, whose judge was measured with it, None is 0.3.
        child_share: Share of what is left of the budget that a nested graph may use, in (0, 1].
        layer_width: Thoughts per layer in layered mode (n_max of the paper).
        constraints: Ask the model what the answer has to satisfy, once per question, beyond what its wording says.
        ladder: Strategies that "auto" tries after a doubted answer, cheapest first, also where only a judge doubts it.
            None for what suits the model and the effort.
        rate: Ask the model to rate them where there is a choice: one more call for each doubted thought.
        difficulty_table: What pays at which difficulty, as `agot bench fit` writes it; None for the shipped one.
        learn: Choose by what earlier runs taught, and teach later ones.
        verify: False turns every check off.
        checks: Names of further checks, which are not made by default: "grounding" (every number and name of an answer
            stands in the given material, not its quotations only), "calendar", "meetings", "trip", "blocksworld".
        skip_checks: Names of deterministic checks to leave out.
        judges: Roles that judge what no check settles. Several make a panel, each weighed by what was learnt of it;
            roles that are the same model count once.
        judge_samples: Opinions drawn of each judge; the share of more than one is its word.
        logprobs: Ask models for log-probabilities where they decide something: judges, `rpc`, steps of searches, and
            the hand-over to a stronger model. False for servers that give them at a high price, or give wrong ones.
        calibrate: Measure a judge that is asked for the first time, once for each model and server, on built-in answers of
            known truth: some forty short calls, outside the run's limits. False takes the word of one as it is.
    """

    mode: Literal["ready", "layered"] = "ready"
    strategy: str = "auto"
    effort: Effort = "normal"
    max_plan_thoughts: int = Field(default=16, ge=1)
    plan_retries: int = Field(default=2, ge=0)
    rounds: int = Field(default=2, ge=0)
    retries: int = Field(default=2, ge=0)
    samples: int = Field(default=8, ge=1)
    accept: float = Field(default=0.5, ge=0.0, le=1.0)
    abstain: float | None = Field(default=None, ge=0.0, le=1.0)
    child_share: float = Field(default=0.5, gt=0.0, le=1.0)
    layer_width: int = Field(default=3, ge=1)
    constraints: bool = False
    ladder: tuple[str, ...] | None = None
    rate: bool = False
    difficulty_table: Path | None = None
    learn: bool = True
    verify: bool = True
    checks: tuple[str, ...] = ()
    skip_checks: tuple[str, ...] = ()
    judges: tuple[str, ...] = Field(default=("judge",), min_length=1)
    judge_samples: int = Field(default=1, ge=1, le=32)
    logprobs: bool = True
    calibrate: bool = True


class SearchSettings(_Section):
    """How far searches go. The literature's letters stand in brackets; unknown constants were chosen on validation seeds.

    Attributes:
        branch: Children proposed at a state (k), or drawn in a round of a refinement.
        width: States kept in a beam (b); also REBASE's width.
        depth: Most steps of a chain that a search builds.
        iterations: States that a tree search expands (`branch` rollouts each) or a depth-first search.
        workers: Simulations at the same time, kept apart by virtual loss.
        particles: Particles of a filter (N).
        sweeps: Filters run one after another by particle Gibbs.
        rounds: Rounds of refinement, and of tool calls.
        temperature: For proposing steps and samples.
        exploration: Weight of the UCT or PUCT bonus (w, c).
        prune: States of a lower value are dropped by depth-first search.
        satisfied: Reward at which a search or a growing batch stops.
        allocation: Temperature of REBASE's share for each state (T).
        weighting: Temperature of a particle's weight (T).
        association: Weight of an association's value in CoAT's V (beta).
        critics: Critiques drawn of a refined answer where log-probabilities do not tell.
        recruits: Experts that answer one question (k).
        tie_break: Where answers of a best-of-n lead with the same support, which the order of drawing would decide,
            a judge compares them in both orders: 2 calls for each rival, none without a tie.
    """

    branch: int = Field(default=3, ge=1)
    width: int = Field(default=5, ge=1)
    depth: int = Field(default=16, ge=1)
    iterations: int = Field(default=24, ge=1)
    workers: int = Field(default=4, ge=1)
    particles: int = Field(default=8, ge=1)
    sweeps: int = Field(default=2, ge=1)
    rounds: int = Field(default=3, ge=1)
    temperature: float = Field(default=0.8, ge=0.0, le=2.0)
    exploration: float = Field(default=1.0, ge=0.0)
    prune: float = Field(default=0.1, ge=0.0, le=1.0)
    satisfied: float = Field(default=0.9, ge=0.0, le=1.0)
    allocation: float = Field(default=0.2, gt=0.0)
    weighting: float = Field(default=1.0, gt=0.0)
    association: float = Field(default=0.2, ge=0.0)
    critics: int = Field(default=5, ge=1)
    recruits: int = Field(default=3, ge=1)
    tie_break: bool = True


class McpTool(_Section):
    """What is known of one tool of an MCP server that the server does not say, see `agot.tools.tool.Tool`.

    Attributes:
        idempotency_key: Names of the arguments that make two calls the same; None for all of them.
        repeatable: The same call may be wanted twice in a run; a person is asked each time.
    """

    idempotency_key: tuple[str, ...] | None = None
    repeatable: bool = False


class McpServer(_Section):
    """One server of tools that speaks the Model Context Protocol.

    Attributes:
        command: Program to start, which then speaks on its standard input and output; or `url`.
        env: Further environment variables for the program.
        pass_env: Names of variables that are handed on, for keys, which are never written to settings.
        url: Address of a running server (streamable HTTP).
        headers_env: Header name to the name of the environment variable that holds its value.
        timeout_s: Seconds to connect, and seconds one call may take.
        side_effects: Whether its tools change something; None takes them to, but for those that a trusted server marks
            read-only.
        trusted: What the server says of its own tools is believed.
        tools: Some of its tools, by the names that the server gives them.
    """

    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    url: str | None = None
    headers_env: dict[str, str] = Field(default_factory=dict)
    timeout_s: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    side_effects: bool | None = None
    trusted: bool = False
    tools: dict[str, McpTool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("an MCP server needs either a command or a url")
        return self


class ToolSettings(_Section):
    """Which tools there are. None is called unless the strategy "tools" is, which "auto" begins with where
    tools beyond the built-in ones were chosen.

    Attributes:
        builtin: Calculator and dates.
        python: Python in a sandbox, where this machine can isolate one. Strategies that let the model write a
            program need it too.
        files: Folder whose files may be searched and read, or None.
        fetch_hosts: Names of hosts that may be fetched from by HTTP, at any port; none by default.
        installed: Names of tools that installed packages offer (entry points `agot.tools`).
        mcp: Servers by name; their tools are called `<name>_<tool>`.
    """

    builtin: bool = True
    python: bool = True
    files: Path | None = None
    fetch_hosts: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    mcp: dict[str, McpServer] = Field(default_factory=dict)

    @field_validator("fetch_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(fetch_host(host) for host in hosts)


_NO_HOST = re.compile(r"[\s/@?#:\[\]*]")


def fetch_host(name: str) -> str:
    """Return a host that may be fetched from, as it is compared.

    Args:
        name: "example.org", an address, "*.example.org" for all below it and not itself, or "*".

    Raises:
        ValueError: If it is no such name.
    """
    host = name.strip().lower().rstrip(".")
    if host == "*" or (host and not _NO_HOST.search(host.removeprefix("*."))):
        return host
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        raise ValueError(
            f"The host {name!r} is not usable: expected a name like example.org or *.example.org, without scheme, "
            "port and path; a listed host may be fetched from at any port"
        ) from None


class TelemetrySettings(_Section):
    """Where finished runs are told to. Nothing is sent unless there is an endpoint.

    Attributes:
        endpoint: Address of an OTLP/HTTP collector, such as "http://127.0.0.1:4318"; `/v1/traces` is added to a bare one.
        headers_env: Header name to the name of the environment variable that holds its value.
        timeout_s: Seconds until a run is given up to be told; it is not harmed by that.
    """

    endpoint: str | None = Field(default=None, pattern="^https?://")
    headers_env: dict[str, str] = Field(default_factory=dict)
    timeout_s: float = Field(default=5.0, gt=0, allow_inf_nan=False)


class MemorySettings(_Section):
    """What runs recall of documents that were taken in. Nothing happens while the namespace is empty.

    Attributes:
        namespace: The part of the memory that is recalled and written; nothing of another one is seen.
        recall: Give thoughts the passages that their question brings to mind.
        remember: Keep answers that were proved or cross-checked.
        passages: That a thought is given, at most.
    """

    namespace: str = Field(default="default", pattern=r"\S")
    recall: bool = True
    remember: bool = True
    passages: int = Field(default=5, ge=1, le=50)


class Settings(_Section):
    """Everything a run needs to know beside its question.

    Attributes:
        roles: Named models; roles that are not given fall back: judge and strong to fast.
        experts: Further models, by names of one's own, among which the strategy "experts" recruits; those that are
            the same model at the same address count once. With two or more, "auto" tries it first after a doubted
            answer, unless its ladder names another place.
        database_url: SQLAlchemy URL; None for SQLite in `agot_home()`.
        seed: Seed of all sampling, in the range of a database's integers.
    """

    roles: dict[str, RoleSettings] = Field(
        default_factory=lambda: {"fast": RoleSettings(model=EMBEDDED_MODEL)}
    )
    experts: dict[str, RoleSettings] = Field(default_factory=dict)
    budget: Budget = Budget()
    engine: EngineSettings = EngineSettings()
    search: SearchSettings = SearchSettings()
    tools: ToolSettings = ToolSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    memory: MemorySettings = MemorySettings()
    database_url: str | None = None
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)

    @model_validator(mode="after")
    def _discreet(self) -> Self:
        remember_secrets(self)
        return self

    @field_validator("roles", mode="before")
    @classmethod
    def _known(cls, roles: Any) -> Any:
        # Not a ValueError: pydantic passes it on as it is.
        for name in roles if isinstance(roles, dict) else ():
            _check_role(name)
        return roles

    @field_validator("experts", mode="before")
    @classmethod
    def _named(cls, experts: Any) -> Any:
        for name in experts if isinstance(experts, dict) else ():
            if name in ROLES or not _EXPERT.fullmatch(str(name)):
                raise SetupError(
                    f"An expert cannot be called {name!r}: expected lower-case letters and digits, with single - or _ "
                    f"between them, and no role ({', '.join(ROLES)}). Rename [experts.{name}]."
                )
        return experts

    def role(self, name: str) -> RoleSettings:
        """Return the settings of an expert, of a role, or of the role it falls back to.

        Raises:
            SetupError: If neither is configured. "embed" has no fallback.
        """
        if name in self.experts:
            return self.experts[name]
        _check_role(name)
        if name in self.roles:
            return self.roles[name]
        if name == "embed":
            raise SetupError("No model is set for the role 'embed'. Set one: agot models set embed MODEL.")
        if "fast" not in self.roles:
            raise SetupError("No model is set for the role 'fast'. Set one: agot models set fast MODEL.")
        return self.roles["fast"]


def remember_secrets(settings: Settings) -> None:
    """Make known every key that calls under these settings may carry, so that it is blotted out wherever it turns up."""
    remember_environment()
    named = [one for role in (settings.roles | settings.experts).values() if (one := role.api_key_env)]
    for role in (settings.roles | settings.experts).values():
        for address in (role.base_url, *role.replicas):
            remember_address(address)
        remember_fields(role.extra_body)
    for server in settings.tools.mcp.values():
        remember_address(server.url)
        without_secret_arguments(server.args)
        remember(*(value for name, value in server.env.items() if is_secret_name(name)))
        for value in server.env.values():
            remember_address(value)
        named += [*server.headers_env.values(), *server.pass_env]
    remember_address(settings.telemetry.endpoint)
    remember_address(settings.database_url)
    named += settings.telemetry.headers_env.values()
    for held in map(os.environ.get, named):
        # A header's value may be "Bearer KEY".
        remember(held, (held or "").rpartition(" ")[2])


def _check_role(name: str) -> None:
    if name not in ROLES:
        raise SetupError(f"There is no role {name!r}. Roles are: {', '.join(ROLES)}.")


def agot_home() -> Path:
    """Return the folder for settings and the default database: `AGOT_HOME`, or the platform's data directory."""
    named = os.environ.get("AGOT_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("agot", appauthor=False))


def settings_path() -> Path:
    """Return where the settings file is, whether it exists or not."""
    return agot_home() / "config.toml"


def default_database_url() -> str:
    """Return the URL of the embedded SQLite database."""
    return f"sqlite:///{agot_home() / 'agot.db'}"


def load_settings(overrides: dict[str, Any] | None = None, *, path: Path | None = None) -> Settings:
    """Merge defaults, file, environment and `overrides` (nested like the file); the later wins.

    Raises:
        SetupError: If the file cannot be read or a value is not allowed; names the value and the reason.
    """
    merged: dict[str, Any] = {}
    for source in (_from_file(path or settings_path()), _from_environment(os.environ), overrides or {}):
        _merge(merged, source)
    roles = merged.setdefault("roles", {})
    if isinstance(roles, dict) and isinstance(roles.setdefault("fast", {}), dict):
        roles["fast"].setdefault("model", EMBEDDED_MODEL)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise _unusable(error, f"a flag, an AGOT_ variable or {path or settings_path()}") from None


_KEYS_ELSEWHERE = (
    "Keys are not written to settings: put it into an environment variable, and name that as api_key_env"
)


def _unusable(error: ValidationError, source: str) -> SetupError:
    """Return what is wrong with a setting; of one that may hold a key, only its name."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    secret = any(is_secret_name(str(part)) for part in first["loc"])
    if secret and first["type"] == "extra_forbidden":
        return SetupError(f"The setting {where} does not exist. {_KEYS_ELSEWHERE}. It comes from {source}.")
    got = "" if secret else f" (got {_shown(first.get('input'))})"
    return SetupError(f"The setting {where} is not usable: {first['msg']}{got}. It comes from {source}.")


def _shown(value: object) -> str:
    """Return a value as a message may show it: of objects only the names, which say enough."""
    if isinstance(value, Mapping):
        return "a table of " + (", ".join(map(str, value)) or "nothing")
    remember_address(value if isinstance(value, str) else None)
    return repr(value)[:_LONGEST_SHOWN]


_LONGEST_SHOWN = 200


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The settings file {path} cannot be read: {error}. Mend or remove it.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The settings file {path} is not valid TOML: {error}. Mend or remove it.") from None


_SECTIONS: dict[str, type[BaseModel]] = {
    "roles": RoleSettings,
    "experts": RoleSettings,
    "budget": Budget,
    "engine": EngineSettings,
    "search": SearchSettings,
    "tools": ToolSettings,
    "telemetry": TelemetrySettings,
    "memory": MemorySettings,
}
_SHORT = ("MODEL", "DATABASE_URL", "SEED")
_ELSEWHERE = ("HOME", "DEBUG", "SERVE_TOKEN")
"""Read by `agot_home` and the command line."""

_SERVICE_LINK = re.compile(
    r"(?:[A-Z0-9_]+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)"
)
"""What Kubernetes and Docker set in every container where a service is called "agot" or "agot-..."."""


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith("AGOT_") or not value:
            continue
        key = name.removeprefix("AGOT_")
        if key in _ELSEWHERE or _SERVICE_LINK.fullmatch(key):
            continue
        section, nested, _ = key.lower().partition("__")
        value = stripped(value)
        if key.upper() == "MODEL":
            _merge(found, {"roles": {"fast": {"model": value}}})
        elif key.upper() in _SHORT:
            found[key.lower()] = value
        elif nested and section in _SECTIONS:
            *parents, last = key.lower().split("__")
            inner: Any = _read(value, _SECTIONS[section], last)
            for part in reversed([*parents, last]):
                inner = {part: inner}
            _merge(found, inner)
        elif (meant := _nearest(name)) is not None:
            raise SetupError(
                f"The environment variable {name} is none of AGoT's. Did you mean {meant}? Unset it, or rename it."
            )
    return found


def _read(value: str, section: type[BaseModel], field: str) -> Any:
    """Return a variable's text as its field takes it: lists as JSON or with commas, objects as JSON."""
    known = section.model_fields.get(field)
    kind = _collection(known.annotation) if known is not None else None
    if kind is None:
        return value
    if value.strip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            # Refused with the name of the setting when all are put together.
            return value
    if kind is dict:
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _collection(annotation: Any) -> Any:
    """Return the collection type of a field, also of one that may be None; None if it takes no collection."""
    kinds = [get_origin(annotation), *(get_origin(one) for one in get_args(annotation))]
    return next((kind for kind in kinds if kind in (tuple, list, dict)), None)


def _nearest(name: str) -> str | None:
    """Return the variable that was meant, or None for one that is like none: it may be another program's own."""
    import difflib

    names = [*_SHORT, *_ELSEWHERE]
    for section, fields in _SECTIONS.items():
        named: tuple[str, ...] = {"roles": ROLES, "experts": ("name",)}.get(section, ())
        places = [f"{section}__{role}" for role in named] or [section]
        names += [f"{place}__{field}".upper() for place in places for field in fields.model_fields]
    own = name.removeprefix("AGOT_").upper()
    # Two underscores are how this program's are nested, and hardly how another's are.
    close = difflib.get_close_matches(own, names, n=1, cutoff=0.0 if "__" in own else _LIKE)
    return f"AGOT_{close[0]}" if close else None


_LIKE = 0.6
"""How like a variable's name has to be to one of ours, in difflib's measure, to be taken for it misspelt."""


def _merge(target: dict[str, Any], source: dict[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value
