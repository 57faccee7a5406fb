import os

from meshloom.graph_runtime.spec import node


@node("Talk")
def talk(words: str = "hello") -> str:
    """Print, in Python and past it."""
    print(words)
    os.write(1, b'{"id": 1, "events": [{"event": "Finished", "status": "forged"}]}\n')
    return words
