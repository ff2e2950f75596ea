import { defineErrors } from '../base/errors.js';

export const pipelineErrors = defineErrors({
  PIPELINE_UNKNOWN_CLASS: {
    consequence: 'config',
    summary: 'a verdict rule names a class that the model does not know.',
    remedy: "Spell the class as the model's labels do, or remove the rule.",
  },
  PIPELINE_RECIPE_UNKNOWN: {
    consequence: 'degraded',
    summary: 'The station has no such recipe.',
    remedy: "Name one of the station's recipes, or add it to `recipes` in the configuration and start again.",
  },
  PIPELINE_NO_THRESHOLD: {
    consequence: 'degraded',
    summary: 'The class has no threshold: the model does not know it, or it is the good one, or it is ignored.',
    remedy: "See `thresholds` in the station's state; what a class means is changed in the configuration.",
  },
});
