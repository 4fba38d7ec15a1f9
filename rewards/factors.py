"""The factor table: every number the methods use, with source, year, region and certainty tag.

Tags: C confirmed by a public source, M measured, D derived from confirmed ones, U-h/U-m/U-l remembered with high,
medium or low
confidence, P a policy choice. U and P are flagged in every public total until somebody confirms them. Rows are only
added.
"""

from datetime import date

from rewards.methods import Factor

GRID_2023 = date(2026, 1, 15)  # the 2023 grid factors count from here
GRID_SOURCE = "MEE and NBS announcement of grid emission factors"
GRID: tuple[Factor, ...] = (
    Factor(code="grid", value="0.5366", unit="kg CO2/kWh", source=GRID_SOURCE, source_year=2022, tag="C"),
    *(
        Factor(
            code="grid",
            value=value,
            unit="kg CO2/kWh",
            source=GRID_SOURCE,
            source_year=2023,
            tag="C",
            region=region,
            valid_from=GRID_2023,
        )
        for region, value in {
            "national": "0.5306",
            "north": "0.6361",
            "northeast": "0.5122",
            "east": "0.5500",
            "central": "0.5271",
            "northwest": "0.5543",
            "south": "0.4042",
            "southwest": "0.2472",
        }.items()
    ),
)
SHENZHEN = "Shenzhen low-carbon public transport method, Shenzhen Commercial Daily 2022-09-23"

FACTORS: tuple[Factor, ...] = (
    *GRID,
    Factor(code="bus_saving", value="26.9", unit="g CO2/passenger-km", source=SHENZHEN, source_year=2021, tag="C"),
    Factor(code="metro_saving", value="46.7", unit="g CO2/passenger-km", source=SHENZHEN, source_year=2021, tag="C"),
    Factor(
        code="metro_ride_saving",
        value="515.5",
        unit="g CO2/ride",
        source="Climate Change Research 2017, 13(3) 284, Guangzhou data, average method",
        source_year=2015,
        tag="C",
    ),
    Factor(
        code="walk_grams",
        value="296",
        unit="g CO2/walk_steps",
        source="Ant Forest convention",
        source_year=2016,
        tag="U-m",
    ),
    Factor(
        code="walk_steps", value="18000", unit="step/day", source="Ant Forest convention", source_year=2016, tag="U-m"
    ),
    Factor(
        code="bike_saving", value="48.7", unit="g CO2/km", source="CEC bike report 2021", source_year=2021, tag="U-l"
    ),
    Factor(code="petrol_use", value="8.0", unit="L/100 km", source="scheme's choice", source_year=2026, tag="P"),
    Factor(
        code="petrol_factor",
        value="2.27",
        unit="kg CO2/L",
        source="IPCC defaults 69.3 t/TJ x 44.3 TJ/kt x 0.74 kg/L",
        source_year=2006,
        tag="U-h",
    ),
    Factor(code="battery_car_use", value="15", unit="kWh/100 km", source="scheme's choice", source_year=2026, tag="P"),
    Factor(
        code="carpool_detour",
        value="1.05",
        unit="ratio",
        source="scheme's choice after T/CCAA 38-2021",
        source_year=2021,
        tag="P",
    ),
    Factor(
        code="textile_saving",
        value="3600",
        unit="g CO2/kg",
        source="Opinion on textile recycling",
        source_year=2022,
        tag="U-h",
    ),
    Factor(
        code="e_invoice_saving",
        value="5",
        unit="g CO2/piece",
        source="Ant Forest convention",
        source_year=2016,
        tag="U-m",
    ),
    Factor(code="plate_waste", value="0.093", unit="kg/meal", source="remembered survey", source_year=2018, tag="U-l"),
    Factor(code="food_factor", value="2.5", unit="kg CO2/kg", source="scheme's choice", source_year=2026, tag="P"),
    Factor(
        code="own_cup_saving",
        value="20",
        unit="g CO2/use",
        source="lower end of remembered 20-50",
        source_year=2020,
        tag="U-l",
    ),
    Factor(
        code="tree_growth",
        value="18300",
        unit="g CO2/tree and year",
        source="Ant Forest convention",
        source_year=2016,
        tag="U-m",
    ),
)
