"""Master data of the simulated company: regions, teams, reps, products, names; drawn once from the seed."""
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

REGIONS = {"North": ("Harbour", "Meadow"), "South": ("Ridge", "Valley"), "East": ("Forge", "Mill")}
REPS_PER_TEAM = 3
FIRST = ("Ada", "Bo", "Chen", "Dana", "Emil", "Fang", "Greta", "Hugo", "Ines", "Jun", "Kira", "Li", "Mara", "Nils",
         "Olga", "Pia", "Quentin", "Rosa", "Sven", "Tao", "Uma", "Viktor", "Wei", "Xenia", "Yan", "Zoe")
LAST = ("Adler", "Berg", "Cao", "Dietz", "Ebert", "Feng", "Gruber", "Huang", "Ito", "Jansen", "Keller", "Lin", "Moreau",
        "Novak", "Olsen", "Peng", "Quist", "Rossi", "Sato", "Tang", "Ulrich", "Vogel", "Wang", "Xu", "Yilmaz", "Zhou")
FIRM = ("Aster", "Borealis", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Helix", "Indigo", "Juniper", "Krypton",
        "Lumen", "Marble", "Nimbus", "Onyx", "Pine", "Quartz", "Raven", "Saffron", "Tundra", "Umber", "Vertex")
FORM = ("Works", "Systems", "Trading", "Foods", "Logistics", "Energy", "Labs", "Group", "Textiles", "Motors")
SECTORS = ("manufacturing", "retail", "finance", "health", "logistics", "energy")


@dataclass(frozen=True, slots=True)
class SimulatedRep:
    rep_id: str
    name: str
    team: str
    region: str
    skill: float  # multiplies the chance that a deal moves on; 1 is average


@dataclass(frozen=True, slots=True)
class Product:
    product_id: str
    name: str
    category: str
    price_minor: int


PRODUCTS: Mapping[str, tuple[Product, ...]] = {
    "software": (
        Product("sw-crm", "Relation Suite", "Applications", 1_200_000),
        Product("sw-data", "Insight Platform", "Platforms", 4_800_000),
        Product("sw-desk", "Service Desk", "Applications", 900_000),
    ),
    "services": (
        Product("sv-intro", "Introduction", "Projects", 2_500_000),
        Product("sv-run", "Operations", "Continuing", 1_500_000),
        Product("sv-audit", "Process audit", "Projects", 800_000),
    ),
    "hardware": (
        Product("hw-scan", "Scanner", "Devices", 150_000),
        Product("hw-gate", "Gate", "Devices", 650_000),
        Product("hw-rack", "Rack", "Infrastructure", 2_200_000),
    ),
}
LINE_OF_SECTOR = {"manufacturing": (2, 2, 6), "retail": (5, 1, 4), "finance": (6, 4, 1), "health": (5, 3, 2),
                  "logistics": (3, 2, 5), "energy": (3, 4, 3)}


def reps(random: Random) -> tuple[SimulatedRep, ...]:
    team_reps: list[SimulatedRep] = []
    names = [f"{f} {x}" for f, x in zip(random.sample(FIRST, 18), random.sample(LAST, 18), strict=True)]
    for region, teams in REGIONS.items():
        for team in teams:
            for _ in range(REPS_PER_TEAM):
                number = len(team_reps) + 1
                skill = random.uniform(0.75, 1.25)
                team_reps.append(SimulatedRep(f"rep-{number:02d}", names[number - 1], team, region, skill))
    return tuple(team_reps)


def firm(random: Random) -> str:
    return f"{random.choice(FIRM)} {random.choice(FORM)}"


def person(random: Random) -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"
