import type { Site } from '../../protocol.ts';
import { startup } from '../document/state.ts';
import { ClassList } from '../classes/ClassList.tsx';
import { PixelNotice } from './PixelNotice.tsx';
import { ProjectBar } from '../projects/ProjectBar.tsx';
import { Stage } from '../stage/Stage.tsx';
import { StartFailure } from './StartFailure.tsx';
import { TrainPanel } from '../training/TrainPanel.tsx';
import { UnderTheHood } from '../under-the-hood/UnderTheHood.tsx';

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
