import { defineErrors } from '../base/errors.js';

export const pipelineErrors = defineErrors({
  PIPELINE_UNKNOWN_CLASS: {
    consequence: 'config',
    summary: 'a verdict rule names a class that the model does not know.',
    remedy: "Spell the class as the model's labels do, or remove the rule.",
  },
});
