import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAiErrorBody, openAiFailureBody } from './openai-error.ts';

test('a text that begins with a field of a body names it as the param, another does not', () => {
  const param = (text: string) => openAiErrorBody(400, text, 'invalidParameter').error.param;
  assert.equal(param('seed must be an integer'), 'seed');
  assert.equal(param('Prompt is Mandatory'), 'prompt');
  assert.equal(param('base_model "x" is not installed'), 'model');
  assert.equal(param('Input image not found: image "https://a"'), null);
  assert.equal(openAiErrorBody(503, 'seed must be', 'unavailable').error.param, null);
});

test('the type follows the status', () => {
  assert.equal(openAiErrorBody(401, 'x', 'invalidKey').error.type, 'invalid_request_error');
  assert.equal(openAiErrorBody(429, 'x', 'rateLimited').error.type, 'rate_limit_error');
  assert.equal(openAiErrorBody(504, 'x', 'deadline').error.type, 'server_error');
});

test('a refusal of the content policy has a code of its own', () => {
  const code = (reason?: string) => openAiFailureBody(reason).error.code;
  assert.equal(code("The prompt is against this server's content policy"), 'content_policy_violation');
  assert.equal(code('The picture was blocked by the safety checker'), 'content_policy_violation');
  assert.equal(code('The latents contain NaN'), null);
  assert.equal(code(), null);
});
