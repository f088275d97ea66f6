"""Fair assignment of a group's partitions to its members with minimal movement."""
from collections.abc import Mapping


def quotas(owned: Mapping[str, int], partitions: int) -> dict[str, int]:
    """Quota of each live member, given how many partitions it holds now. The quotas sum to `partitions`.

    The members that hold most get the remainder, so a balanced assignment stays unchanged.
    """
    if not owned:
        return {}
    low, remainder = divmod(partitions, len(owned))
    ranked = sorted(owned, key=lambda member: (-owned[member], member))
    return {member: low + (rank < remainder) for rank, member in enumerate(ranked)}
