//! The facade: one method per function of the C ABI, in the same words.

use crate::config::Config;
use crate::error::Result;

/// A signed-in application.
pub struct Client {}
impl Client {
    pub fn sign_in(_config: &Config) -> Result<Client> { todo!() }
    pub fn get_application(&self) -> Result<String> { todo!() }
    pub fn set(&self, _key: &str, _value: Option<&str>) -> Result<()> { todo!() }
    pub fn cancel(&self) { todo!() }
    pub fn sign_out(&self) -> Result<()> { todo!() }
    pub fn get_contact_presence(&self, _contact: &str) -> Result<String> { todo!() }
    pub fn get_groups(&self) -> Result<String> { todo!() }
    pub fn get_group_contacts(&self, _group: &str) -> Result<String> { todo!() }
    pub fn get_contacts(&self) -> Result<String> { todo!() }
    pub fn get_contact(&self, _contact: &str) -> Result<String> { todo!() }
    pub fn search_contacts(&self, _query: &str, _limit: u32) -> Result<String> { todo!() }
    pub fn navigate(&self, _path: &str) -> Result<String> { todo!() }
}
