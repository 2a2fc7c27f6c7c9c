"""The reference page of commands, made from what judges them and from what answers."""

from docs.status_page import table_of
from kiosk.commands.form import MAX_COMMAND_BYTES, NAME, NONCE_BYTES, CommandName
from kiosk.commands.judging import WORDS, Refusal
from kiosk.commands.wire import Reply
from kiosk.lists.signed import FORM

_INTRODUCTION = f"""# Commands

Sent to `kiosk/v1/{{site}}/{{device}}/cmd/{{name}}`, QoS 1, not retained, with a short message
expiry; at most {MAX_COMMAND_BYTES:,} bytes. Answered at `.../cmd/{{name}}/reply`, QoS 0, not
retained. How to: [command a kiosk](../howto/command-a-kiosk.md); the whole wire:
[asyncapi.json](asyncapi.json); why so: [ADR 22](../adr/0022-a-command-names-the-start.md).

## What is signed

A COSE_Sign1 (RFC 9052, tag 18) with Ed25519, algorithm and key's name in its protected header; the
name is the first 8 bytes of the SHA-256 of the 32 public bytes. Its payload is a CBOR map; fields
that a kiosk does not know are ignored:

| Key | Value | Meaning |
|---|---|---|
| `form` | {FORM} | the major version of this form |
| `name` | `{NAME}` | that it is a command, and no list |
| `command` | text | the command's name, as in the topic |
| `source` | text | the kiosk: `kiosk/v1/{{site}}/{{device}}` |
| `nonce` | {NONCE_BYTES} bytes | the start, as `commands.nonce` in its [status](status.md) |
| `counter` | integer | above every one that this key used for this start |
| `until` | integer | `uptime_s` of the status after which it counts no more |
| `arguments` | map of text to text | see below |

## The commands

| Name | Arguments | What it does |
|---|---|---|
"""
_MEANINGS = {
    CommandName.IDENTIFY: ("none", "shows [identify](signals.md) until somebody has found it"),
    CommandName.TEST_LIGHTS: ("none", "shows every signal in turn, green never without red"),
    CommandName.DIRECTION: (
        "`to`: `in`, `out` or `settings`",
        "counts people that way, over restarts; `settings` takes it back",
    ),
    CommandName.RESTART: (
        "none",
        "ends in order with code 75; the service manager starts it again",
    ),
}
_LATER_WORDS = {
    Refusal.ARGUMENTS: "its arguments are not those of this command",
    Refusal.NOT_HERE: "this kiosk cannot do it, and the reply says why",
    Refusal.FAILED: "it was tried and did not succeed, and the reply says why",
}


def text() -> str:
    """Return the page."""
    lines = [f"| `{name}` | {' | '.join(_MEANINGS[name])} |" for name in CommandName]
    lines += ["", "## `reply`", "", *table_of(Reply)]
    lines += [
        "",
        "What is not even signed gets no reply. What is judged and refused gets one a second at",
    ]
    lines += ["most, after a burst of five; what was taken is always answered.", ""]
    lines += ["## Refusals", "", "| Refusal | Meaning |", "|---|---|"]
    words = {**WORDS, **_LATER_WORDS}
    lines += [f"| `{refusal}` | {words[refusal]} |" for refusal in Refusal]
    return _INTRODUCTION + "\n".join(lines) + "\n"
