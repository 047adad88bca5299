import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFormFields } from './form-fields.ts';

/** As npm `openai` 6.49.0 writes them (internal/uploads.js, addFormValue). */
function read(...parts: readonly (readonly [string, unknown])[]): unknown {
  const fields = createFormFields();
  for (const [name, value] of parts) fields.add(name, value);
  return fields.all();
}

test('lists, objects and lists of objects are read from names with brackets', () => {
  assert.deepEqual(read(['a', '1'], ['b[]', '1'], ['b[]', '2'], ['c[x]', '1'], ['c[y]', '2']), {
    ...{ a: '1', b: ['1', '2'], c: { x: '1', y: '2' } },
  });
  assert.deepEqual(read(['l[][name]', 'a'], ['l[][weight]', '0.5'], ['l[][name]', 'b'], ['l[][name]', 'c']), {
    l: [{ name: 'a', weight: '0.5' }, { name: 'b' }, { name: 'c' }],
  });
});

test('a name that is given twice is the last, whatever forms are mixed, and no name reaches a prototype', () => {
  assert.deepEqual(read(['a', '1'], ['a', '2']), { a: '2' });
  assert.deepEqual(read(['a', '1'], ['a[]', '2'], ['a[x]', '3']), { a: { x: '3' } });
  assert.deepEqual(read(['a[]', '1'], ['a[][x]', '2']), { a: ['1', { x: '2' }] });
  assert.deepEqual(read(['a[b][c]', '1'], ['[]', '2'], ['a]', '3']), {
    'a[b][c]': '1',
    '[]': '2',
    'a]': '3',
  });
  const hostile = read(['__proto__[x]', '1'], ['a[__proto__]', '2'], ['b[][__proto__]', '3']);
  assert.deepEqual(Object.keys(hostile as object), ['__proto__', 'a', 'b']);
  assert.equal(({} as { x?: string }).x, undefined);
});
