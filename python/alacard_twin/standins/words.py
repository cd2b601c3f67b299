"""The text that stand-in vocabularies are made from, and words to fill large vocabularies with.

A twin's weights are random, so it emits any id of its vocabulary: every id must decode to something that can
be read, or answers come out empty. Beyond the words of a small text the vocabulary is filled with made-up,
pronounceable words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import count, product

TEXT = """
The teacher opened the window and asked the class a question about the weather. It was a quiet morning, and
the first answer came from a student who liked to read about clouds and rain. "When warm air rises," she said,
"it cools, and the water in it becomes small drops." The teacher smiled and wrote the words on the board.

A model learns from many examples. It reads a sentence, guesses the next word, and is told how far the guess
was from the truth. After a long time the numbers inside it change so that good guesses become more likely. A
small model can run on a laptop; a large model needs a machine with more memory. What is the capital of
France?
The capital of France is Paris. How many people live in the city? More than two million people live there.

Please write a short story about a dog and a cat. The dog was brown and the cat was white. They lived in a
house near the sea with a family of five. Every day they walked to the beach, looked at the boats, and came
home before dinner. This film was great, and I would watch it again. That product is bad and I want my money
back. I love this place; the food is good and the service is friendly. The new phone has a better camera, but
the price is too high for most people.

To make bread you need flour, water, salt and yeast. Mix them in a bowl, wait for an hour, and bake it until
the top is golden. Explain how to use a function in Python: define it with a name, give it some values, and
return the result. def add(first, second): return first + second. Here is a list of numbers: 1, 2, 3, 4, 5, 6,
7, 8, 9 and 10. You are a helpful assistant. Hello, how are you today? Thank you very much, I am fine. Yes,
no,
maybe, always, never. Doctors and nurses work in hospitals; engineers build bridges; farmers grow food. The
company said on Monday that its sales had grown by ten percent in the last year. Scientists have found that
the earth moves around the sun, and the moon moves around the earth. Which of these is the right label for the
text: politics, sports, science, business, travel, health or music? The summary should be one sentence. The
translation is from English to German, from English to French, or the other way. In 1999 he moved to Berlin,
where he studied history and language. They could not see him, but they heard his voice on the radio.
"""

ASCII = [chr(code) for code in range(0x21, 0x7F)]
"""All printable ASCII but the space."""

LETTERS = [*"ÄÖÜßäöüàáâãåæçèéêëìíîïñòóôõøùúûýÿŒœ–—‘’“”…€°£"]  # noqa: RUF001
"""What ordinary European text holds beside ASCII."""

_ENDINGS = ("ing", "ed", "er", "ly", "tion", "s", "es", "al", "ment", "ness", "able", "ity", "ous", "ion")


@cache
def ranked() -> tuple[tuple[str, int], ...]:
    """The words of the text with their counts, the most frequent first."""
    counts = Counter(re.findall(r"[A-Za-z]+", TEXT))
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@cache
def words() -> tuple[str, ...]:
    """The words of the text, the most frequent first."""
    return tuple(word for word, _ in ranked())


def endings() -> tuple[str, ...]:
    """Common endings of English words, for vocabularies that know pieces inside a word."""
    return _ENDINGS


def made_up() -> Iterator[str]:
    """Endless different pronounceable words that are not in the text, always in the same order."""
    taken = frozenset(words())
    syllables = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
    for length in count(2):
        every = map("".join, product(syllables, repeat=length))
        yield from (word for word in every if word not in taken)
