//! Who is asking, and what they may manage.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};
use sluice_contract::ApplicationName;
use uuid::Uuid;

/// What somebody may do within a scope. Ordered: each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// Also streams, subscribers and blocks.
    Operator,
    /// Also settings, applications and other people.
    Admin,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The server and every application.
    System,
    Application(ApplicationName),
}

/// A role in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    pub scope: Scope,
    pub role: Role,
}

/// How the viewer was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    Anonymous,
    /// On this machine itself.
    Local,
    Administrator {
        id: Uuid,
        email: String,
        access_token: Uuid,
    },
    ApiKey {
        id: Uuid,
        name: String,
    },
    /// Let in by an application's own filter (network or JWT), for that application alone.
    ApplicationFilter,
}

/// Who is asking. Made by the extractor in [`http`](crate::http).
#[derive(Debug, Clone)]
pub struct Viewer {
    identity: Identity,
    grants: Vec<Grant>,
    address: IpAddr,
}

impl Viewer {
    pub(crate) fn new(identity: Identity, grants: Vec<Grant>, address: IpAddr) -> Self {
        Self { identity, grants, address }
    }

    pub fn anonymous(address: IpAddr) -> Self {
        Self::new(Identity::Anonymous, Vec::new(), address)
    }

    /// The machine's own administrator: set-up, jobs and command line.
    pub fn local() -> Self {
        let grant = Grant { scope: Scope::System, role: Role::Admin };
        Self::new(Identity::Local, vec![grant], IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Somebody whom an application's own REST filter (`remoteAllowedCIDR`, `jwtControlEnabled`) let in.
    pub fn admitted_to(application: ApplicationName, address: IpAddr) -> Self {
        let grant = Grant { scope: Scope::Application(application), role: Role::Operator };
        Self::new(Identity::ApplicationFilter, vec![grant], address)
    }

    /// A worker that asks on behalf of the people who are connected to it.
    pub(crate) fn of_worker(application: ApplicationName) -> Self {
        let grant = Grant { scope: Scope::Application(application), role: Role::Viewer };
        Self::new(Identity::ApplicationFilter, vec![grant], IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Somebody who brought the server's own JWT, which is a key to all of it.
    pub(crate) fn of_server_token(address: IpAddr) -> Self {
        let grant = Grant { scope: Scope::System, role: Role::Admin };
        Self::new(Identity::ApiKey { id: Uuid::nil(), name: "server-jwt".to_owned() }, vec![grant], address)
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The client's address, behind trusted proxies the forwarded one.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    pub fn is_anonymous(&self) -> bool {
        matches!(self.identity, Identity::Anonymous)
    }

    /// For the audit: an e-mail, a key's name, or how they were let in.
    pub fn name(&self) -> &str {
        match &self.identity {
            Identity::Anonymous => "anonymous",
            Identity::Local => "local",
            Identity::Administrator { email, .. } => email,
            Identity::ApiKey { name, .. } => name,
            Identity::ApplicationFilter => "application-filter",
        }
    }

    /// The highest role in `application`; `None` if it is not theirs to see.
    pub fn role_in(&self, application: &ApplicationName) -> Option<Role> {
        let holds = |scope: &Scope| match scope {
            Scope::System => true,
            Scope::Application(own) => own == application,
        };
        self.grants.iter().filter(|grant| holds(&grant.scope)).map(|grant| grant.role).max()
    }

    /// The role over the server itself.
    pub fn system_role(&self) -> Option<Role> {
        self.grants.iter().filter(|grant| grant.scope == Scope::System).map(|grant| grant.role).max()
    }

    pub fn may_read(&self, application: &ApplicationName) -> bool {
        self.role_in(application).is_some()
    }

    pub fn may_operate(&self, application: &ApplicationName) -> bool {
        self.role_in(application) >= Some(Role::Operator)
    }

    pub fn may_administer(&self, application: &ApplicationName) -> bool {
        self.role_in(application) >= Some(Role::Admin)
    }

    pub fn may_administer_system(&self) -> bool {
        self.system_role() >= Some(Role::Admin)
    }
}
