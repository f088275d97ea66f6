"""What people read, in the language of who asks: titles of definitions, and the words of refusals.

Whoever refuses says a stable code, the values that matter, and an English sentence; that is what the log keeps. At the
door the sentence is put into the language that was asked for, by the code's template there and the values.
"""
from chassis.http.i18n.language import DEFAULT, LANGUAGES, language, preferred, speaking
from chassis.http.i18n.translation import CATALOGUE, said, titled

__all__ = ["CATALOGUE", "DEFAULT", "LANGUAGES", "language", "preferred", "said", "speaking", "titled"]
