// Reads the files named on the standard input, a line each, as the page's Import does. Says on a line each what came of
// it: the project's classes and photos, the code of a refusal, or an error that nobody foresaw.

import { openAsBlob } from 'node:fs';
import { text } from 'node:stream/consumers';
import { unpackProject } from '../../site_template/src/project/import.ts';

for (const path of (await text(process.stdin)).split('\n').filter(Boolean)) {
  console.log(JSON.stringify(await unpacked(path)));
}

async function unpacked(path: string) {
  try {
    const { classes, examples, head } = await unpackProject(await openAsBlob(path));
    return {
      classes: classes.map(({ name }) => name),
      examples: examples.map(({ id, classId }) => [id, classId]),
      head: head?.classes ?? null,
    };
  } catch (error: any) {
    const { name, code, message, stack } = error;
    return name === 'ProjectError' ? { code, message } : { unforeseen: stack };
  }
}
