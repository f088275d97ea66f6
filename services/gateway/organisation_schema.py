"""`OrganisationYaml`: what may be written in `definitions/organisation.yaml`, an installation's first employees."""
from typing import Annotated

from pydantic import AfterValidator, ConfigDict

from chassis.domain.definitions.faults import InvalidValue
from chassis.domain.definitions.schema import YamlModel
from contracts.kinds import Id
from services.gateway.permissions import ROLES


def _check_role(value: str) -> str:
    if value not in ROLES:
        raise InvalidValue("unknown_role", "{value!r} is not a role; use one of {allowed}", value=value,
                           allowed=list(ROLES))
    return value


class EmployeeYaml(YamlModel):
    employee_id: Id
    name: str | None = None
    team: str | None = None
    region: str | None = None
    department: str | None = None
    manager_id: str | None = None
    login: str | None = None
    roles: tuple[Annotated[str, AfterValidator(_check_role)], ...] | None = None


class OrganisationYaml(YamlModel):
    """Other keys beside `employees` are ignored."""

    model_config = ConfigDict(extra="ignore")

    employees: tuple[EmployeeYaml, ...] | None = None
