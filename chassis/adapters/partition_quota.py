"""How the partitions of a group are shared out fairly, moving as few as can be."""
from collections.abc import Mapping


def quotas(owned: Mapping[str, int], partitions: int) -> dict[str, int]:
    """How many partitions each live member may hold, given how many it holds now. They sum to `partitions`.

    Who holds most keeps the odd ones, so a fair state stays as it is.
    """
    if not owned:
        return {}
    low, odd = divmod(partitions, len(owned))
    ranked = sorted(owned, key=lambda member: (-owned[member], member))
    return {member: low + (place < odd) for place, member in enumerate(ranked)}
