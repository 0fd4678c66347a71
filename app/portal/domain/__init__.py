"""Pure rules: money, periods, rating, composing, states. No Django, no input or output, no clock."""
