import { folderStore } from '../folder-store.ts';

/**
 * Puts pictures of so many bytes into a folder until it is killed, with a dot for each: FOLDER, ID, BYTES.
 */
const [folder = '', id = '', size = ''] = process.argv.slice(2);
const bytes = Buffer.alloc(Number(size), 7);
for (let n = 0; ; n++) {
  await folderStore(folder).put(`${id}/${'b'.repeat(32)}-${n}.jpg`, bytes, 'image/jpeg');
  process.stdout.write('.');
}
