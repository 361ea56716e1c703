"""faulty_server.py FAULT: the real server, a shadow worker that misbehaves, and an A that raises at one sentence."""

import sys
from pathlib import Path

from miniserve.arms.arm import Answer
from miniserve.arms.engine import EngineArm
from miniserve.command import main
from miniserve.errors import ArmRaised

A_BREAKER = "This sentence breaks the production arm."
_answer = EngineArm.answer


def _answer_unless_broken(self: EngineArm, prompt: str) -> Answer:
    if prompt == A_BREAKER:
        raise ArmRaised("the engine of A is broken")
    return _answer(self, prompt)


if __name__ == "__main__":
    # Patched, because no sentence makes the real engine raise.
    EngineArm.answer = _answer_unless_broken  # type: ignore[method-assign]
    worker = Path(__file__).with_name("faulty_worker.py")
    fault, *arguments = sys.argv[1:]
    sys.exit(
        main(
            arguments,
            worker_command=(sys.executable, str(worker), fault),
            server_command=(sys.executable, __file__, fault),
        )
    )
