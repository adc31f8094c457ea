"""A sensible answer out of what a room has said: found, quoted and attributed, never invented. The same prompt gets the
same answer."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from math import fsum  # exact in any order: sets come in another order in each process

from agents.llm.improvisation import phrases
from agents.llm.improvisation.review import remarks_on
from agents.llm.improvisation.transcript import Said, Scene, keywords, scene_of
from agents.llm.port import Request

ENOUGH = 0.34
"""The share of a question's telling words that an answer has to take up."""
Answer = Callable[["Improviser"], str]


def improvise(request: Request) -> str:
    return Improviser(scene_of(request), f"{request.model}\n{len(request.turns)}").answer()


class Improviser:
    def __init__(self, scene: Scene, seed: str) -> None:
        self.scene = scene
        self.question = re.sub(
            rf"@?\b{re.escape(scene.username)}\b[,:]?", "", scene.question, flags=re.IGNORECASE
        ).strip()
        self.seed = int.from_bytes(
            sha256(f"{seed}\n{scene.name}\n{scene.question}".encode("utf-8", "replace")).digest()[:6]
        )
        self.tone = phrases.tone_of(scene.instructions)

    def answer(self) -> str:
        for pattern, intent in INTENTS:
            if pattern.search(self.question):
                return intent(self)
        return self.from_the_room()

    def pick(self, options: Sequence[str]) -> str:
        """One of the options; which, the question decides."""
        scene = self.scene
        at = f"@{scene.asker}" if scene.asker else "you"
        option = options[self.seed % len(options)]
        return option.format(at=at, name=scene.name, count=phrases.messages(scene.messages), topics=self.topics())

    def topics(self) -> str:
        return phrases.joined([f"**{topic}**" for topic in self.scene.topics]) or "nothing much yet"

    # --- the intents

    def greeting(self) -> str:
        if not self.scene.before:
            return self.pick(self.tone.greetings) + " " + self.pick(phrases.QUIET)
        last = self.scene.before[-1]
        told = f"{self.pick(phrases.LATELY)} The last word was {last.who}'s: “{last.text}”"
        return f"{self.pick(self.tone.greetings)} {told}"

    def thanks(self) -> str:
        return self.pick(phrases.WELCOME)

    def introduction(self) -> str:
        return self.pick([phrases.INTRODUCTION])

    def minutes(self) -> str:
        """Tasks, decisions and open questions, in the words of those who spoke."""
        tasks = [said for said in self.scene.before if phrases.PROMISE.search(said.text) and not said.asks][-6:]
        decided = [said for said in self.scene.before if phrases.DECIDED.search(said.text) and said not in tasks][-3:]
        table = ["| Who | What |", "|---|---|", *(f"| {said.who} | {said.text} |" for said in tasks)]
        parts = [self.pick(phrases.MINUTES), "\n".join(table) if tasks else "Nobody has taken anything yet."]
        parts += ["**Decided**\n" + bullets(decided)] if decided else []
        parts += ["**Open**\n" + bullets(unanswered)] if (unanswered := self.unanswered()) else []
        return "\n\n".join(parts)

    def summary(self) -> str:
        main = self.central()
        if not main:
            return f"{self.pick(self.tone.openings)} {self.pick(phrases.QUIET)}"
        speakers = phrases.joined(self.scene.speakers[:4])
        head = f"{self.pick(self.tone.openings)} In {phrases.messages(self.scene.messages)} {speakers} talked about "
        tail = [f"Still open is {said.who}'s question: “{said.text}”" for said in self.unanswered()[-1:]]
        return "\n\n".join([head + f"{self.topics()}:", bullets(main), *tail])

    def listing(self) -> str:
        found = self.found(6)
        if not found:
            return self.nothing_found() if keywords(self.question) else self.summary()
        return f"{self.pick(self.tone.openings)} {self.pick(phrases.LISTED)}\n\n{bullets(found)}"

    def code(self) -> str:
        """Somebody's code is reviewed; who wants some gets a program about the room, as we know nothing else."""
        if self.scene.code and phrases.REVIEW.search(self.question):
            return f"{self.pick(self.tone.openings)}\n\n{remarks_on(self.scene.code)}"
        counts = {who: sum(said.who == who for said in self.scene.before) for who in self.scene.speakers}
        return self.pick(phrases.PROGRAM) + phrases.PROGRAM_CODE.format(counts=counts or {"you": 1})

    def from_the_room(self) -> str:
        found = self.found(self.tone.quotes)
        if found:
            told = " ".join([said_by(found[0], "said"), *(said_by(said, "added") for said in found[1:])])
            return f"{self.pick(self.tone.openings)} {told} {self.pick(self.tone.closings)}"
        if self.question.endswith("?") or phrases.ASKING.match(self.question):
            return self.nothing_found()
        return self.pick(phrases.NOTED)

    def nothing_found(self) -> str:
        about = phrases.joined([f"**{word}**" for word in self.subject()]) or "that"
        first = f"{self.pick(self.tone.openings)} {self.pick(phrases.NOT_SAID).replace('THAT', about)}"
        return f"{first} {self.pick(phrases.LATELY)}" if self.scene.before else first

    # --- finding

    def found(self, most: int) -> list[Said]:
        """The sentences that share most with the question, in the order they were said."""
        asked = keywords(self.question)
        asked = asked - {self.scene.asker, self.scene.username} if len(asked) > 1 else asked
        scores = [(self.score(said, asked), said) for said in self.scene.before]
        best = sorted((pair for pair in scores if pair[0] > 0), key=lambda pair: (-pair[0], -pair[1].place))
        chosen = [said for score, said in best[:most] if score >= best[0][0] * 0.5]
        return sorted(chosen, key=lambda said: said.place)

    def score(self, said: Said, asked: frozenset[str]) -> float:
        """By words shared; a speaker's name in the question counts for what they said, a promise where it asks who;
        questions answer little."""
        shared = said.words & asked
        named = said.who.lower() in asked
        if not shared or (len(shared) + named) / max(1, len(asked)) < ENOUGH:
            return 0.0
        worth = fsum(self.scene.weights[word] for word in shared) * (1.5 if named else 1.0)
        taken = phrases.WHO.match(self.question) and phrases.PROMISE.search(said.text)
        worth *= (0.4 if said.asks else 1.0) * (2.0 if taken else 1.0)
        return worth * (1 + 0.2 * said.place / max(1, self.scene.messages))

    def central(self) -> list[Said]:
        """For each of those who spoke most, the sentence nearest to what the room talks about."""
        common = {word: 1 / weight for word, weight in self.scene.weights.items()}

        def centre(said: Said) -> float:
            return fsum(common[word] for word in said.words) / (len(said.words) + 3) * (0.5 if said.asks else 1)

        spoken = [[said for said in self.scene.before if said.who == who] for who in self.scene.speakers[:5]]
        return sorted((max(theirs, key=centre) for theirs in spoken), key=lambda said: said.place)

    def unanswered(self) -> list[Said]:
        """Questions after which nobody else spoke about the same."""
        later = self.scene.before
        return [
            said
            for index, said in enumerate(later)
            if said.asks and not any(other.who != said.who and other.words & said.words for other in later[index + 1 :])
        ][-3:]

    def subject(self) -> list[str]:
        words = [word.strip("?!.,:;\"'“”()") for word in self.question.split()]
        return [word for word in words if keywords(word)][:2]


def said_by(said: Said, verb: str) -> str:
    ended = "" if said.text.endswith((".", "!", "?", "…")) else "."
    return f"**{said.who}** {'asked' if said.asks else verb}: “{said.text}{ended}”"


def bullets(found: Sequence[Said]) -> str:
    return "\n".join(f"- **{said.who}**: {said.text}" for said in found)


INTENTS: tuple[tuple[re.Pattern[str], Answer], ...] = (
    (phrases.GREETING, Improviser.greeting),
    (phrases.THANKS, Improviser.thanks),
    (phrases.WHO_ARE_YOU, Improviser.introduction),
    (phrases.ASKS_MINUTES, Improviser.minutes),
    (phrases.ASKS_SUMMARY, Improviser.summary),
    (phrases.ASKS_CODE, Improviser.code),
    (phrases.ASKS_LIST, Improviser.listing),
)
