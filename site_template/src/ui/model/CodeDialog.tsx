// What to write to use an exported file elsewhere: to be copied.

import { useSignal } from '@preact/signals';
import { strings } from '../i18n/strings.ts';
import { Dialog } from '../shared/Dialog.tsx';

const module = new URL('onthefly.js', document.baseURI).href;

const WEB = `import { loadClassifier } from '${module}';

const classifier = await loadClassifier('project.zip');
const [best] = await classifier.predict(document.querySelector('img'));
console.log(best.class, best.probability);`;

const python = ({ command, program }: typeof strings.code) => `# ${command}
onthefly predict project.zip photo.jpg
onthefly export project.zip --format keras --out model/

# ${program}
import tensorflow as tf
model = tf.keras.models.load_model("model/model.keras")`;

export function CodeDialog({ onClose }: { onClose: () => void }) {
  const { code } = strings;
  return (
    <Dialog class="code-dialog" labelledBy="code-title" onClose={onClose}>
      {(close) => (
        <>
          <h2 id="code-title">{code.title}</h2>
          <Snippet title={code.web} text={code.webHow} snippet={WEB} />
          <Snippet title={code.python} text={code.pythonHow} snippet={python(code)} />
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={close}>
              {strings.projects.close}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function Snippet({ title, text, snippet }: { title: string; text: string; snippet: string }) {
  const copied = useSignal(false);
  return (
    <section class="code-part" aria-label={title}>
      <h3>{title}</h3>
      <p>{text}</p>
      <pre tabIndex={0} aria-label={title}>
        <code>{snippet}</code>
      </pre>
      <button
        type="button"
        class="button button-small"
        onClick={async () => {
          await navigator.clipboard.writeText(snippet);
          copied.value = true;
        }}
      >
        {copied.value ? strings.code.copied : strings.code.copy}
      </button>
    </section>
  );
}
