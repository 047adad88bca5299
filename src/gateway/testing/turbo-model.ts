/** A model with defaults and ranges of its own beside one without, as a worker tells of them. */

const turbo = {
  defaults: { scheduler: 'Euler a', steps: 1, guidanceScale: 0, width: 512, height: 768, negativePrompt: '' },
  ranges: { steps: [1, 4], guidanceScale: [0, 1] },
} as const;

export const baseAndTurbo = {
  baseModels: ['juggernaut', 'turbo-xl'],
  models: [
    { name: 'base', serves: ['sdxl-base'], loaded: true },
    { name: 'turbo', serves: ['turbo-xl'], loaded: false, profile: turbo },
  ],
};
