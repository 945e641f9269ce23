"""What a build folder's compile_commands.json says, without what is only of the build itself."""

import json
import pathlib
import shlex


def entries(build):
    return json.loads((pathlib.Path(build) / "compile_commands.json").read_text())


def bare_words(entry):
    """The words of a command that writes nothing: without ccache and outputs."""
    kept, skip = [], False
    for word in shlex.split(entry["command"]):
        if skip or word in ("-o", "-MF", "-MQ", "-MT"):
            skip = not skip
        elif word != "-MD" and pathlib.Path(word).name != "ccache":
            kept.append(word)
    return kept
