"""What `onthefly.js` weighs, and that its types are true."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from onthefly_studio.places import TEMPLATE_ROOT

CONSUMER = """
import { ClassifierError, createClassifier, loadClassifier } from './onthefly.js';
import type { ClassProbability, Classifier, Settings } from './onthefly.js';

export async function run(video: HTMLVideoElement, file: File): Promise<string> {
  const settings: Partial<Settings> = { epochs: 20 };
  const classes = ['a', 'b'];
  const classifier: Classifier = await createClassifier({ classes, seed: 1, settings, backend: 'wasm' });
  const { id, picture } = await classifier.addExample(video, 'a');
  await classifier.addExample(file, 'b');
  await classifier.addExample({ data: new Uint8Array(4), width: 1, height: 1 }, 'b');
  const { history } = await classifier.train({ onEpoch: (epoch) => console.log(epoch.loss, picture.size) });
  await classifier.removeExample(id);
  const [best]: ClassProbability[] = await classifier.predict(video);
  const model: Blob = await classifier.exportModel();
  const loaded = await loadClassifier(await classifier.exportProject(), { base: 'dist/' });
  // @ts-expect-error a classifier that was loaded does not learn
  loaded.train();
  // @ts-expect-error the classes are missing
  createClassifier({ seed: 1 });
  // @ts-expect-error a number is no image
  classifier.predict(3);
  // @ts-expect-error there is no such backend
  createClassifier({ classes: ['a', 'b'], backend: 'abacus' });
  try {
    await classifier.importProject('project.zip', { reembed: true });
  } catch (error) {
    if (error instanceof ClassifierError && error.code === 'no-file') return 'gone';
  }
  return `${best.class} ${history.length} ${model.size}`;
}
"""


TRUE_TO_LIFE = """
import * as real from '%s';
import type * as told from './onthefly.js';
// Whatever the types promise, the code has: assigning the one to the other must not need a cast.
export const promised: Omit<typeof told, 'ClassifierError' | 'ImageError' | 'ProjectError'> = real;
export const codes: told.ClassifierError['code'] = null as unknown as real.ClassifierError['code'];
export const codesToo: real.ClassifierError['code'] = null as unknown as told.ClassifierError['code'];
export const project: told.ProjectError['code'] = null as unknown as real.ProjectError['code'];
export const projectToo: real.ProjectError['code'] = null as unknown as told.ProjectError['code'];
"""


def test_the_types_are_the_codes(folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "dist" / "onthefly.d.ts", tmp_path / "onthefly.d.ts")
    (tmp_path / "consumer.ts").write_text(CONSUMER, "utf-8")
    (tmp_path / "true.ts").write_text(TRUE_TO_LIFE % (TEMPLATE_ROOT / "src" / "onthefly.ts"), "utf-8")
    (tmp_path / "node_modules").symlink_to(TEMPLATE_ROOT / "node_modules")
    options = "--noEmit --strict --target es2022 --module esnext --moduleResolution bundler"
    options += " --allowImportingTsExtensions --skipLibCheck --lib es2022,dom,dom.iterable"
    tsc = TEMPLATE_ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = [str(tsc), *options.split(), "--types", "", "consumer.ts", "true.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_module_keeps_out_of_the_way(folder: Path) -> None:
    """It carries no TensorFlow.js: that stays with the worker, which is fetched when a classifier is made."""
    module = (folder / "dist" / "onthefly.js").read_bytes()
    assert len(module) < 80_000
    assert b"registerKernel" not in module
