//! People who manage: their accounts.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sluice_contract::Secret;

use super::caller::Caller;
use super::connection::{connection, counter, map, page, page_cost, slice};
use super::failure::{Answer, Problem, payload, settle};
use super::id::GlobalId;
use super::scalar::DateTime;
use super::viewer::{Grant, GrantInput, grants};
use crate::manage::{self, AdministratorChanges, Cursor};

/// A person who manages.
pub struct Administrator(pub manage::Administrator);

/// A person who manages.
#[Object]
impl Administrator {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Administrator(self.0.id).encode()
    }

    /// The e-mail, with which one logs in.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The first name; null if it was not given.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The last name; null if it was not given.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// All roles.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().cloned().map(Into::into).collect()
    }

    /// When the account was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last used to log in; null for never.
    async fn last_login_at(&self) -> Option<DateTime> {
        self.0.last_login_at.map(Into::into)
    }
}

connection! {
    /// One page of administrators, by e-mail.
    AdministratorConnection,
    /// An administrator with the place in the list.
    AdministratorEdge,
    Administrator
}

/// What `createFirstAdministrator` takes.
#[derive(InputObject)]
pub struct CreateFirstAdministratorInput {
    /// The e-mail, with which one logs in.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The set-up code that the server printed into its log at start. Not needed on the server's own machine.
    #[graphql(secret)]
    setup_code: Option<String>,
}

/// What `createAdministrator` takes.
#[derive(InputObject)]
pub struct CreateAdministratorInput {
    /// The e-mail, with which one logs in.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The roles.
    #[graphql(validator(max_items = 250))]
    grants: Vec<GrantInput>,
}

/// What `updateAdministrator` takes. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateAdministratorInput {
    /// Whose account.
    email: String,
    /// A new password. It ends all logins of the account.
    #[graphql(secret)]
    password: Option<String>,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The roles, all of them.
    #[graphql(validator(max_items = 250))]
    grants: Option<Vec<GrantInput>>,
}

/// What `deleteAdministrator` takes.
#[derive(InputObject)]
pub struct DeleteAdministratorInput {
    /// Whose account.
    email: String,
}

/// What `changePassword` takes.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password until now.
    #[graphql(secret)]
    old_password: String,
    /// The password from now on.
    #[graphql(secret)]
    new_password: String,
}

/// The first administrator. The next step is `login`.
#[derive(Default, SimpleObject)]
pub struct CreateFirstAdministratorPayload {
    /// The account; null if none was created.
    administrator: Option<Administrator>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The new administrator.
#[derive(Default, SimpleObject)]
pub struct CreateAdministratorPayload {
    /// The account; null if none was created.
    administrator: Option<Administrator>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The account as it stands after the change.
#[derive(Default, SimpleObject)]
pub struct UpdateAdministratorPayload {
    /// The account; null if nothing was changed.
    administrator: Option<Administrator>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

/// What the deletion did.
#[derive(Default, SimpleObject)]
pub struct DeleteAdministratorPayload {
    /// The e-mail of the account that is gone; null if none was deleted.
    deleted_email: Option<String>,
    /// Why none was deleted; empty if it was.
    problems: Vec<Problem>,
}

/// Whether the password was changed.
#[derive(Default, SimpleObject)]
pub struct ChangePasswordPayload {
    /// True when the new password counts. Your other logins have ended.
    changed: bool,
    /// Why it was not changed; empty if it was.
    problems: Vec<Problem>,
}

payload!(
    CreateFirstAdministratorPayload,
    CreateAdministratorPayload,
    UpdateAdministratorPayload,
    DeleteAdministratorPayload,
    ChangePasswordPayload,
);

#[derive(Default)]
pub struct AdministratorQuery;

#[Object]
impl AdministratorQuery {
    /// Everybody who manages. Needs the admin role over the server.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn administrators(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<AdministratorConnection> {
        let caller = Caller::of(ctx)?;
        let page = page(first, after)?;
        let all = caller.api().administrators(&caller.viewer()).await?;
        let total = all.len() as u64;
        let slice =
            slice(all, &page, |administrator| Cursor { id: administrator.id, key: Some(administrator.email.clone()) });
        Ok(AdministratorConnection::new(map(slice, Administrator), counter(move || async move { Ok(total) })))
    }
}

#[derive(Default)]
pub struct AdministratorMutation;

#[Object]
impl AdministratorMutation {
    /// Creates the first administrator, with the admin role over the server: from the server's own machine, or with
    /// the set-up code of its log. Refused once there is one.
    async fn create_first_administrator(
        &self,
        ctx: &Context<'_>,
        input: CreateFirstAdministratorInput,
    ) -> Answer<CreateFirstAdministratorPayload> {
        let caller = Caller::anybody(ctx)?;
        let new = manage::NewAdministrator {
            email: input.email,
            password: Secret::new(input.password),
            first_name: input.first_name,
            last_name: input.last_name,
            grants: Vec::new(),
        };
        let code = input.setup_code.map(Secret::new);
        let created = caller.api().create_first_administrator(&caller.viewer(), new, code).await;
        settle(created.map(|administrator| CreateFirstAdministratorPayload {
            administrator: Some(Administrator(administrator)),
            problems: Vec::new(),
        }))
    }

    /// Creates an account. Needs the admin role over the server.
    async fn create_administrator(
        &self,
        ctx: &Context<'_>,
        input: CreateAdministratorInput,
    ) -> Answer<CreateAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let new = manage::NewAdministrator {
                    email: input.email,
                    password: Secret::new(input.password),
                    first_name: input.first_name,
                    last_name: input.last_name,
                    grants: grants(input.grants)?,
                };
                let administrator = caller.api().create_administrator(&caller.viewer(), new).await?;
                let administrator = Some(Administrator(administrator));
                Ok(CreateAdministratorPayload { administrator, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Changes somebody else's account. Needs the admin role over the server.
    async fn update_administrator(
        &self,
        ctx: &Context<'_>,
        input: UpdateAdministratorInput,
    ) -> Answer<UpdateAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let changes = AdministratorChanges {
                    password: input.password.map(Secret::new),
                    first_name: input.first_name,
                    last_name: input.last_name,
                    grants: input.grants.map(grants).transpose()?,
                };
                let changed = caller.api().update_administrator(&caller.viewer(), &input.email, changes).await?;
                let administrator = Some(Administrator(changed));
                Ok(UpdateAdministratorPayload { administrator, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Deletes somebody else's account and ends its logins. Needs the admin role over the server.
    async fn delete_administrator(
        &self,
        ctx: &Context<'_>,
        input: DeleteAdministratorInput,
    ) -> Answer<DeleteAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        let deleted = caller.api().delete_administrator(&caller.viewer(), &input.email).await;
        settle(deleted.map(|()| DeleteAdministratorPayload { deleted_email: Some(input.email), problems: Vec::new() }))
    }

    /// Changes your own password and ends your other logins.
    async fn change_password(&self, ctx: &Context<'_>, input: ChangePasswordInput) -> Answer<ChangePasswordPayload> {
        let caller = Caller::of(ctx)?;
        let (old, new) = (Secret::new(input.old_password), Secret::new(input.new_password));
        let changed = caller.api().change_password(&caller.viewer(), old, new).await;
        settle(changed.map(|()| ChangePasswordPayload { changed: true, problems: Vec::new() }))
    }
}
