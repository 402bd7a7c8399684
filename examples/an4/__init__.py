"""AN4: real speech of 84 people, who spell names and say numbers and dates; rule-made German."""
