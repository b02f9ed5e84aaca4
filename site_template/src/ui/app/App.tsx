// Where every panel has its place.

import { useEffect } from 'preact/hooks';
import type { Site } from '../../protocol.ts';
import { ClassList } from '../classes/ClassList.tsx';
import { startup } from '../document/state.ts';
import { ProjectBar } from '../projects/ProjectBar.tsx';
import { ResetButton } from '../projects/ResetButton.tsx';
import { Stage } from '../stage/Stage.tsx';
import { TrainPanel } from '../training/TrainPanel.tsx';
import { UnderTheHood } from '../under-the-hood/UnderTheHood.tsx';
import { PixelNotice } from './PixelNotice.tsx';
import { StartFailure } from './StartFailure.tsx';
import { listenForKeys } from './shortcuts.ts';

export function App({ site }: { site: Site }) {
  useEffect(() => listenForKeys(), []);
  return (
    <div class="workspace">
      {startup.value.phase === 'failed' && <StartFailure message={startup.value.message} />}
      <PixelNotice />
      <Stage fit={site.preprocess.fit} />
      <div class="bench">
        <ClassList />
        <TrainPanel>
          <ResetButton />
        </TrainPanel>
        <ProjectBar />
        <UnderTheHood site={site} />
      </div>
    </div>
  );
}
