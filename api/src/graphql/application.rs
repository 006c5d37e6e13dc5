//! Applications: the namespaces that everything else is in.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::block::{Block, BlockConnection};
use super::broadcast::{Broadcast, BroadcastConnection, BroadcastFilter, BroadcastOrder};
use super::caller::{Caller, found};
use super::connection::{connection, counter, map, page, page_cost, slice};
use super::enums::Role;
use super::failure::{Answer, Problem, payload, settle};
use super::id::GlobalId;
use super::recording::{RecordingConnection, RecordingFilter, RecordingOrder, recordings};
use super::scalar::{DateTime, Long, int};
use super::server::ViewerCounts;
use super::settings::{ApplicationSettings, ApplicationSettingsPatch, RevealedSetting};
use super::webhook::{WebhookDelivery, WebhookDeliveryConnection};
use crate::manage::{self, BlockFilter, Cursor};

/// A namespace with settings of its own; its name is the first part of every address.
pub struct Application(pub manage::Application);

/// A namespace with settings of its own; its name is the first part of every address.
#[Object]
impl Application {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Application(self.0.id).encode()
    }

    /// Its name, as in addresses.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// What you may do in it.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// Its settings. Of secrets only whether they are set.
    async fn settings(&self, ctx: &Context<'_>) -> Answer<ApplicationSettings> {
        let all = Caller::of(ctx)?.api().open_settings(&self.0);
        Ok(ApplicationSettings::of(&self.0.settings, all))
    }

    /// Its figures now.
    async fn stats(&self, ctx: &Context<'_>) -> Answer<ApplicationStats> {
        let streams = Caller::of(ctx)?.api().live_streams(&self.0);
        let mut viewers = manage::ViewerCounts::default();
        streams.iter().for_each(|stream| viewers.add(&stream.viewers));
        Ok(ApplicationStats {
            live_streams: int(streams.len()),
            viewers: ViewerCounts(viewers),
            received_bitrate: streams.iter().map(|stream| stream.bitrate_bps).sum::<u64>().into(),
        })
    }

    /// What anyone may do here now without a credential, and what would close it.
    async fn open_doors(&self) -> Vec<OpenDoor> {
        OpenDoor::of(&self.0)
    }

    /// Its broadcasts.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn broadcasts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<BroadcastFilter>,
        #[graphql(desc = "In which order; by creation when left out.")] order_by: Option<BroadcastOrder>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<BroadcastConnection> {
        let api = Caller::of(ctx)?.api().clone();
        let application = self.0.clone();
        let filter = filter.unwrap_or_default().read()?;
        let order = order_by.unwrap_or_default().into();
        let slice = api.broadcasts(&application, filter.clone(), order, page(first, after)?).await?;
        let slice = map(slice, |record| Broadcast { application: application.clone(), record });
        let count = counter(move || {
            let (api, application, filter) = (api.clone(), application.clone(), filter.clone());
            async move { api.count_broadcasts(&application, filter).await }
        });
        Ok(BroadcastConnection::new(slice, count))
    }

    /// One broadcast; null if there is none of this stream id.
    async fn broadcast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The stream.")] stream_id: String,
    ) -> Option<Answer<Broadcast>> {
        let stream_id = stream_id.parse().ok()?;
        Broadcast::load(ctx, &self.0.name, &stream_id).await
    }

    /// Events of its webhooks, waiting and lately over, the newest first. Needs the operator role.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<WebhookDeliveryConnection> {
        let api = Caller::of(ctx)?.api().clone();
        let application = self.0.clone();
        let slice = api.webhook_deliveries(&application, page(first, after)?).await?;
        let count = counter(move || {
            let (api, application) = (api.clone(), application.clone());
            async move { api.count_webhook_deliveries(&application).await }
        });
        Ok(WebhookDeliveryConnection::new(map(slice, WebhookDelivery), count))
    }

    /// The recordings of its streams, also of such as have no record any more.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn recordings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which to list; all when left out.")] filter: Option<RecordingFilter>,
        #[graphql(desc = "In which order; in that in which they ended when left out.")] order_by: Option<
            RecordingOrder,
        >,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<RecordingConnection> {
        recordings(ctx, &self.0, None, filter, order_by, first, after).await
    }

    /// Its blocks, the newest first.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn blocks(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = true, desc = "True for those that hold now alone; false for ended ones as well.")]
        active: bool,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<BlockConnection> {
        let caller = Caller::of(ctx)?;
        let api = caller.api().clone();
        let application = self.0.clone();
        let filter = BlockFilter { active, ..BlockFilter::default() };
        let slice = api.blocks(&application, filter.clone(), page(first, after)?).await?;
        let slice = map(slice, |record| Block::new(caller, application.clone(), record));
        let count = counter(move || {
            let (api, application, filter) = (api.clone(), application.clone(), filter.clone());
            async move { api.count_blocks(&application, filter).await }
        });
        Ok(BlockConnection::new(slice, count))
    }
}

/// All streams of an application together.
#[derive(SimpleObject)]
pub struct ApplicationStats {
    /// Streams on air.
    live_streams: i32,
    /// Who watches them.
    viewers: ViewerCounts,
    /// Media received from their publishers, bits per second.
    received_bitrate: Long,
}

connection! {
    /// One page of applications, by name.
    ApplicationConnection,
    /// An application with its place in the list.
    ApplicationEdge,
    Application
}

/// Something that anyone may do now without a credential.
#[derive(SimpleObject)]
pub struct OpenDoor {
    /// The application.
    application: String,
    /// What stands open, for programs: `publish`, `undefined-streams`, `play` or `rest`.
    code: String,
    /// What stands open, for people.
    message: String,
    /// The setting that we recommend to close it with.
    setting: Option<String>,
    /// All settings of which any one closes it.
    closed_by: Vec<String>,
}

impl OpenDoor {
    pub fn of(application: &manage::Application) -> Vec<Self> {
        let doors = application.settings.open_doors().into_iter();
        doors
            .map(|door| Self {
                application: application.name.to_string(),
                code: door.code.to_owned(),
                message: door.description.to_owned(),
                setting: door.closed_by.first().map(|setting| (*setting).to_owned()),
                closed_by: door.closed_by.iter().map(|setting| (*setting).to_owned()).collect(),
            })
            .collect()
    }
}

/// What `createApplication` takes.
#[derive(InputObject)]
pub struct CreateApplicationInput {
    /// Letters, digits, dash and underscore. It becomes the first part of every address.
    name: String,
}

/// What `deleteApplication` takes.
#[derive(InputObject)]
pub struct DeleteApplicationInput {
    /// The application's name.
    name: String,
}

/// What `updateApplicationSettings` takes.
#[derive(InputObject)]
pub struct UpdateApplicationSettingsInput {
    /// The application's name.
    application: String,
    /// What to change. What is left out stays as it is; null resets a setting to its default.
    settings: ApplicationSettingsPatch,
}

/// What `revealApplicationSecrets` takes.
#[derive(InputObject)]
pub struct RevealApplicationSecretsInput {
    /// The application's name.
    application: String,
}

/// The new application.
#[derive(Default, SimpleObject)]
pub struct CreateApplicationPayload {
    /// The application; null if none was created.
    application: Option<Application>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// What the deletion did.
#[derive(Default, SimpleObject)]
pub struct DeleteApplicationPayload {
    /// The name of the application that is gone; null if none was deleted.
    deleted_name: Option<String>,
    /// Why none was deleted; empty if it was.
    problems: Vec<Problem>,
}

/// The application with its settings as they are now in force.
#[derive(Default, SimpleObject)]
pub struct UpdateApplicationSettingsPayload {
    /// The application; null if nothing was changed.
    application: Option<Application>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

/// The secrets of an application.
#[derive(Default, SimpleObject)]
pub struct RevealApplicationSecretsPayload {
    /// Every secret setting that is set.
    secrets: Vec<RevealedSetting>,
    /// Why nothing is shown; empty if it is.
    problems: Vec<Problem>,
}

payload!(
    CreateApplicationPayload,
    DeleteApplicationPayload,
    UpdateApplicationSettingsPayload,
    RevealApplicationSecretsPayload,
);

#[derive(Default)]
pub struct ApplicationQuery;

#[Object]
impl ApplicationQuery {
    /// The applications that you may see, by name.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn applications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<ApplicationConnection> {
        let caller = Caller::of(ctx)?;
        let page = page(first, after)?;
        let all = caller.api().applications(&caller.viewer()).await?;
        let total = all.len() as u64;
        let slice =
            slice(all, &page, |application| Cursor { id: application.id, key: Some(application.name.to_string()) });
        Ok(ApplicationConnection::new(map(slice, Application), counter(move || async move { Ok(total) })))
    }

    /// One application; null if there is none of this name, or none that you may see.
    async fn application(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Option<Answer<Application>> {
        let find = async {
            let caller = Caller::of(ctx)?;
            Ok(found(caller.application(&name).await)?.map(Application))
        };
        find.await.transpose()
    }

    /// One broadcast; null if there is none, or none that you may see.
    async fn broadcast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's name.")] application: String,
        #[graphql(desc = "The stream.")] stream_id: String,
    ) -> Option<Answer<Broadcast>> {
        let (application, stream_id) = (application.parse().ok()?, stream_id.parse().ok()?);
        Broadcast::load(ctx, &application, &stream_id).await
    }
}

#[derive(Default)]
pub struct ApplicationMutation;

#[Object]
impl ApplicationMutation {
    /// Creates an application with default settings. Needs the admin role over the server.
    async fn create_application(
        &self,
        ctx: &Context<'_>,
        input: CreateApplicationInput,
    ) -> Answer<CreateApplicationPayload> {
        let caller = Caller::of(ctx)?;
        let created = caller.api().create_application(&caller.viewer(), &input.name).await;
        settle(created.map(|application| CreateApplicationPayload {
            application: Some(Application(application)),
            problems: Vec::new(),
        }))
    }

    /// Deletes an application with everything in it, and ends its sessions. Needs the admin role over the server.
    async fn delete_application(
        &self,
        ctx: &Context<'_>,
        input: DeleteApplicationInput,
    ) -> Answer<DeleteApplicationPayload> {
        let caller = Caller::of(ctx)?;
        let deleted = caller.api().delete_application(&caller.viewer(), &input.name).await;
        settle(deleted.map(|()| DeleteApplicationPayload { deleted_name: Some(input.name), problems: Vec::new() }))
    }

    /// Changes the named settings and keeps the others. In force on every worker when it returns. Needs the admin role
    /// in the application.
    async fn update_application_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateApplicationSettingsInput,
    ) -> Answer<UpdateApplicationSettingsPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let application = caller.api().patch_settings(&application, input.settings.into_object()).await?;
                let application = Some(Application(application));
                Ok(UpdateApplicationSettingsPayload { application, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Shows the secrets of an application. That they were shown, and to whom, is recorded in the audit. Needs the
    /// admin role in the application.
    async fn reveal_application_secrets(
        &self,
        ctx: &Context<'_>,
        input: RevealApplicationSecretsInput,
    ) -> Answer<RevealApplicationSecretsPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let secrets = caller.api().reveal_secrets(&application).await?;
                let secrets = secrets.into_iter().map(Into::into).collect();
                Ok(RevealApplicationSecretsPayload { secrets, problems: Vec::new() })
            }
            .await,
        )
    }
}
