"""Base class of all errors that the user can correct: the command line prints one and exits with status 1."""


class ActionableError(Exception):
    """`message` states what is invalid, `hint` what is allowed or what to do; `str()` gives both.

    Anything else that reaches the command line is a defect of the program and is shown with its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(*(part for part in (message, hint) if part))  # what pickle passes to `__init__` again
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
