"""How the sample photographs are made: a modelled owl in a modelled room, ray traced."""
