"""Constants of nature with their units; the numbers are Pint's."""
from brainsim.units.display import TABLE
from brainsim.units.quantities import Quantity

avogadro_constant = Quantity(*TABLE.constants["avogadro_constant"])
boltzmann_constant = Quantity(*TABLE.constants["boltzmann_constant"])
electric_constant = Quantity(*TABLE.constants["electric_constant"])
electron_mass = Quantity(*TABLE.constants["electron_mass"])
elementary_charge = Quantity(*TABLE.constants["elementary_charge"])
faraday_constant = Quantity(*TABLE.constants["faraday_constant"])
gas_constant = Quantity(*TABLE.constants["gas_constant"])
magnetic_constant = Quantity(*TABLE.constants["magnetic_constant"])
molar_mass_constant = Quantity(*TABLE.constants["molar_mass_constant"])
#: 0 degrees Celsius: a temperature of x degrees is ``x*kelvin + zero_celsius``
zero_celsius = Quantity(*TABLE.constants["zero_celsius"])
