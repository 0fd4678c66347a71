"""terraform/ applied, checked and destroyed for real against moto, on a copy. Started by ./scripts/rehearse."""
