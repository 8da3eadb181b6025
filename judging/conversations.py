"""What was said with answers that were found right: who replies the same needs no oracle.

Every submission of a class faces the same cases, and a verdict follows from the case and from what
was replied. So a case in which each request has, bit for bit, a reply with which it was found right
before is right again. Where one differs, the whole part is judged as if nothing were known: another
way to the same result has other bits, and then counts as one more way.

What rests on more than words (files that were written, a process that was ended) is in no
conversation, and is judged each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from answering.worker import digest
from judging.answers import Answers

Said = Sequence[tuple[bytes, bytes]]
"""Each request with its reply, in order."""

MOST_WAYS = 16
"""Different replies to one case that are kept."""


@dataclass(frozen=True)
class Conversation:
    """The requests of one case, and digests of all the replies with which it was found right."""

    requests: tuple[bytes, ...]
    right: set[bytes] = field(default_factory=set)

    def repeated(self, answers: Answers) -> bool:
        """Whether the answers reply as some that were right. False, too, where none comes."""
        return answers.repeat(self.requests) in self.right


@dataclass
class Conversations:
    """The conversations of a run, by check and case."""

    known: dict[tuple[str, int], Conversation] = field(default_factory=dict)

    def learn(self, check: str, case: int, said: Said) -> None:
        """Keep what was said in a case that was found right."""
        if not said:
            return
        requests = tuple(request for request, _ in said)
        kept = self.known.setdefault((check, case), Conversation(requests))
        if kept.requests == requests and len(kept.right) < MOST_WAYS:
            kept.right.add(digest(reply for _, reply in said))

    def knows(self, check: str) -> bool:
        """Whether something is known of a check."""
        return (check, 0) in self.known

    def of(self, check: str, case: int) -> Conversation | None:
        """What was said in a case, None where nothing is known."""
        return self.known.get((check, case))
