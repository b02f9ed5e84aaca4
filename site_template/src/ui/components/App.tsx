import { startup } from '../state.js';
import { ClassList } from './ClassList.jsx';
import { PixelNotice } from './PixelNotice.jsx';
import { ProjectBar } from './ProjectBar.jsx';
import { Stage } from './Stage.jsx';
import { StartFailure } from './StartFailure.jsx';
import { TrainPanel } from './TrainPanel.jsx';
import { UnderTheHood } from './UnderTheHood.jsx';

/** @param {{site: import('../../protocol.js').Site}} props */
export function App({ site }) {
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
