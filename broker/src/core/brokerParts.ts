import { Appends } from './appends.ts';
import { Connections } from './connections.ts';
import { type BrokerContext } from './context.ts';
import { type ControlPlane, type ControlPlaneInput } from './controlPlane.ts';
import { Deadlines } from './deadlines.ts';
import { FetchDesk } from './fetchDesk.ts';
import { FetchLook } from './fetchLook.ts';
import { FetchSessions } from './fetchSessions.ts';
import { FollowerAppender } from './followerAppend.ts';
import { type GroupCoordinator, type GroupCoordinatorFactory, offsetsTopic } from './groupPort.ts';
import { GroupServices } from './groupServices.ts';
import { ProduceHandler } from './handlers/00-produce.ts';
import { FetchHandler } from './handlers/01-fetch.ts';
import { ListOffsetsHandler } from './handlers/02-list-offsets.ts';
import { MetadataHandler } from './handlers/03-metadata.ts';
import { ApiVersionsHandler } from './handlers/18-api-versions.ts';
import { CreateTopicsHandler } from './handlers/19-create-topics.ts';
import { DeleteTopicsHandler } from './handlers/20-delete-topics.ts';
import { InitProducerIdHandler } from './handlers/22-init-producer-id.ts';
import { OffsetForLeaderEpochHandler } from './handlers/23-offset-for-leader-epoch.ts';
import { DescribeConfigsHandler } from './handlers/32-describe-configs.ts';
import { DescribeClusterHandler } from './handlers/60-describe-cluster.ts';
import { Router } from './handlers/router.ts';
import { Housekeeping } from './housekeeping.ts';
import { IsrKeeper } from './isrKeeper.ts';
import { LeaderAppender } from './leaderAppend.ts';
import { LeaderGate } from './leaderGate.ts';
import { LeaderProgress } from './leaderProgress.ts';
import { LogReads } from './logReads.ts';
import { LogWork } from './logWork.ts';
import { ProducerIds } from './producerIds.ts';
import { type Replica } from './replica.ts';
import { ReplicaFetchers } from './replicaFetchers.ts';
import { ReplicaManager } from './replicaManager.ts';
import { ReplicaTable } from './replicaTable.ts';
import { Roles } from './roles.ts';
import { TopicsDesk } from './topicsDesk.ts';

/** What the parts are made from. */
export interface PartsOptions {
  readonly context: BrokerContext;
  readonly controlPlane: ControlPlane;
  /** Has the control plane told something, behind the current input. */
  readonly tell: (input: ControlPlaneInput) => void;
  readonly groups: GroupCoordinatorFactory | undefined;
}

/** The parts of one broker, joined: each is told what it needs, none knows the whole. */
export class BrokerParts {
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly replicas: ReplicaTable;
  readonly reads: LogReads;
  readonly appends: Appends;
  readonly appender: LeaderAppender;
  readonly gate: LeaderGate;
  readonly isrKeeper: IsrKeeper;
  readonly housekeeping: Housekeeping;
  readonly progress: LeaderProgress;
  readonly desk: FetchDesk;
  readonly logWork: LogWork;
  readonly fetchers: ReplicaFetchers;
  readonly roles: Roles;
  readonly manager: ReplicaManager;
  readonly topics: TopicsDesk;
  readonly producerIds: ProducerIds;
  readonly router: Router;
  private readonly options: PartsOptions;
  private groups: GroupCoordinator | undefined;

  constructor(options: PartsOptions) {
    const { context, tell } = options;
    this.options = options;
    this.connections = new Connections(context);
    this.deadlines = new Deadlines(context);
    this.replicas = new ReplicaTable(context);
    this.reads = new LogReads(context);
    this.appends = new Appends(context, (replica) => {
      this.onLogGrown(replica);
    });
    this.appender = new LeaderAppender(context, this.appends);
    this.gate = new LeaderGate(context, this.replicas);
    this.isrKeeper = new IsrKeeper(context, this.deadlines, (wanted) => {
      tell({ kind: 'alterIsr', ...wanted });
    });
    this.housekeeping = new Housekeeping(context, this.replicas, this.isrKeeper);
    const listeners = { moved: this.housekeeping, candidates: this.isrKeeper };
    this.progress = new LeaderProgress(context, listeners);
    this.isrKeeper.progress = this.progress;
    this.desk = this.makeDesk();
    this.logWork = new LogWork(context, (replica) => {
      this.onLogOpen(replica);
    });
    this.fetchers = this.makeFetchers();
    this.roles = this.makeRoles();
    const { replicas, logWork, roles } = this;
    this.manager = new ReplicaManager({ context, replicas, logWork, roles });
    this.topics = this.makeTopics();
    this.producerIds = new ProducerIds(context, (token) => {
      tell({ kind: 'allocateProducerIds', token });
    });
    this.router = new Router(this.connections);
    this.addHandlers();
    this.addGroups();
  }

  /** A batch of appends is in this log. */
  private onLogGrown(replica: Replica): void {
    const { leadership } = replica;
    if (leadership !== undefined) this.progress.onLogGrown(replica, leadership);
  }

  private onLogOpen(replica: Replica): void {
    this.roles.settle(replica);
    this.fetchers.onLogOpen(replica);
  }

  private makeDesk(): FetchDesk {
    const { context } = this.options;
    const { connections, deadlines, reads, replicas, progress, gate } = this;
    const look = new FetchLook({ context, replicas, progress, gate });
    return new FetchDesk({ context, connections, deadlines, reads, look });
  }

  private makeFetchers(): ReplicaFetchers {
    const { context } = this.options;
    const { deadlines, logWork } = this;
    const appender = new FollowerAppender(context, this.appends, (replica) => {
      this.housekeeping.onHighWatermarkMoved(replica);
    });
    return new ReplicaFetchers({ context, deadlines, logWork, appender });
  }

  private makeRoles(): Roles {
    const { context } = this.options;
    const { fetchers, isrKeeper, progress, desk } = this;
    const listener = {
      onLeadershipGained: (
        { topic, partition }: Replica,
        { epoch }: { readonly epoch: number },
      ) => {
        if (topic === offsetsTopic) this.groups?.onLeadershipGained(partition, epoch);
      },
      onLeadershipLost: ({ topic, partition }: Replica) => {
        if (topic === offsetsTopic) this.groups?.onLeadershipLost(partition);
      },
    };
    return new Roles({ context, fetchers, isrKeeper, progress, desk, listener });
  }

  private makeTopics(): TopicsDesk {
    const { context, tell } = this.options;
    return new TopicsDesk(context, this.deadlines, {
      createTopics: (token, topics, validateOnly) => {
        tell({ kind: 'createTopics', token, topics, validateOnly });
      },
      deleteTopics: (token, names) => {
        tell({ kind: 'deleteTopics', token, names });
      },
    });
  }

  private addHandlers(): void {
    const { context, controlPlane } = this.options;
    const { connections, deadlines, replicas, appender, gate, reads, desk, topics, router } = this;
    const { image } = context;
    const sessions = new FetchSessions(context.config.fetchSessionsMax, context.prng);
    const isController = (): boolean => controlPlane.isController;
    router.add(new ProduceHandler({ connections, deadlines, replicas, appender, gate }));
    router.add(new FetchHandler({ context, connections, sessions, desk }));
    router.add(new ListOffsetsHandler(connections, gate, reads));
    router.add(new MetadataHandler(context, connections, topics));
    router.add(new ApiVersionsHandler(connections, router));
    router.add(new CreateTopicsHandler(connections, topics, isController));
    router.add(new DeleteTopicsHandler({ connections, image, desk: topics, isController }));
    router.add(new InitProducerIdHandler(connections, this.producerIds));
    router.add(new OffsetForLeaderEpochHandler(connections, gate));
    router.add(new DescribeConfigsHandler(context, connections));
    router.add(new DescribeClusterHandler(connections, image));
  }

  private addGroups(): void {
    const { context, groups } = this.options;
    if (groups === undefined) return;
    const { connections, deadlines, replicas, appender, reads, topics } = this;
    const services = new GroupServices({
      context,
      connections,
      deadlines,
      replicas,
      appender,
      reads,
      topics,
      onTimer: (name) => {
        this.groups?.onGroupTimer(name);
      },
    });
    this.groups = groups(services);
    for (const handler of this.groups.handlers) this.router.add(handler);
  }
}
