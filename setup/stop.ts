// `npm stop`: ends what `npm start` started. Images, flists and chunks stay.
import { stopDaemon } from './daemon.ts'

stopDaemon('hub')
stopDaemon('registry')
stopDaemon('dockerd', true)
