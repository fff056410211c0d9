"""Why a script was not carried out. Each is the ``reason`` in a refusal that names the element."""

from engine.errors import Refusal


class ScriptStopped(Refusal):
    """The script was stopped before its end."""


class TookTooLong(ScriptStopped):
    """It took longer than a script may, which is %(seconds)s s."""


class TooMuchMemory(ScriptStopped):
    """It needed more memory than a script may use."""


class TooMuchData(ScriptStopped):
    """What it reads or gives is too large: at most %(kilobytes)s KB."""


class Raised(ScriptStopped):
    """In line %(line)s: %(error)s."""


class NotData(ScriptStopped):
    """“%(name)s” ends as something that is not data: %(what)s. A name that begins with _ stays inside the script."""


class NoAnswer(ScriptStopped):
    """It ended without an answer, or with one that was not its own."""


class NotHere(ScriptStopped):
    """Python scripts cannot run on this machine: %(reason)s."""
