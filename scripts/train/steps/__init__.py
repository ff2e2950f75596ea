"""The steps; each module has `run(recipe, folder, arguments)`, and plan.py says what each depends on."""
