GREETING = "Santé"


def shout(text: str, times: int) -> str:
    return text.upper() + "!" * times
