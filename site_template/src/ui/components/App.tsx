import type { Site } from '../../protocol.ts';
import { startup } from '../state.ts';
import { ClassList } from './ClassList.tsx';
import { PixelNotice } from './PixelNotice.tsx';
import { ProjectBar } from './ProjectBar.tsx';
import { Stage } from './Stage.tsx';
import { StartFailure } from './StartFailure.tsx';
import { TrainPanel } from './TrainPanel.tsx';
import { UnderTheHood } from './UnderTheHood.tsx';

export function App({ site }: { site: Site }) {
  return (
    <div class="workspace">
      {startup.value.phase === 'failed' && <StartFailure message={startup.value.message} />}
      <PixelNotice />
      <Stage fit={site.preprocess.fit} />
      <div class="bench">
        <ClassList />
        <TrainPanel />
        <ProjectBar />
        <UnderTheHood site={site} />
      </div>
    </div>
  );
}
