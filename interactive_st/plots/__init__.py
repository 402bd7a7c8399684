"""Pictures of trainings, of what a model attends to, and of sweeps; matplotlib is the extra `plots`."""
