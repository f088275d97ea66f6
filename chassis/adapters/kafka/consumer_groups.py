"""Admin operations on consumer groups: list with member counts, remove."""
from collections.abc import Mapping

from aiokafka.errors import GroupIdNotFound, NonEmptyGroup, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest
from faststream.kafka import KafkaBroker

from chassis.adapters.kafka.topics import TopicAdmin
from chassis.ports import BusUnavailable, GroupInUse


class ConsumerGroupAdmin:
    def __init__(self, broker: KafkaBroker, topics: TopicAdmin) -> None:
        self._broker, self._topics = broker, topics

    async def listed(self) -> Mapping[str, int]:
        admin = self._broker.config.admin_client
        groups = await self._topics.asked(admin.list_consumer_groups)
        names = sorted(name for name, kind, *_ in groups if kind in ("consumer", ""))
        return {name: await self._members(name) for name in names}

    async def _members(self, group: str) -> int:
        """aiokafka 0.14 parses a version 3 response as version 2, which is wrong from the second group on."""
        responses = await self._topics.asked(
            lambda: self._broker.config.admin_client.describe_consumer_groups([group]))
        return sum(len(members) for response in responses for _, _, _, _, _, members, *_ in response.groups)

    async def remove(self, group: str) -> None:
        admin = self._broker.config.admin_client

        async def ask() -> int:
            node = await admin.find_coordinator(group)
            response = await admin._send_request_to_node(node, DeleteGroupsRequest([group]))
            error: int = response.results[0][1]
            if error and (kind := for_code(error)).retriable:
                raise kind
            return error

        error = await self._topics.asked(ask)
        kind = for_code(error)
        if kind is NonEmptyGroup:
            raise GroupInUse(f"group {group!r} has members")
        if error and kind is not GroupIdNotFound:
            raise BusUnavailable(f"group {group!r} could not be removed: {kind.__name__}")
