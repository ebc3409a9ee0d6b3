"""n-gram tables: counted from text in bounded memory, stored in one memory-mapped file, queried for many drafts at
once."""

from passel.decoding.ngrams.building import build, check_orders
from passel.decoding.ngrams.corpus import Piece, tokenised
from passel.decoding.ngrams.tables import LAMBDAS, Tables, open_tables
from passel.decoding.ngrams.vocabulary import Vocabulary, vocabulary_of

__all__ = [
    "LAMBDAS",
    "Piece",
    "Tables",
    "Vocabulary",
    "build",
    "check_orders",
    "open_tables",
    "tokenised",
    "vocabulary_of",
]
