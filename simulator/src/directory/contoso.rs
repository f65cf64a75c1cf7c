//! The invented company Contoso, and as many further employees as are asked for.

use super::{Directory, Group, GroupKind, Note, Person, Presence};

const DOMAIN: &str = "contoso.com";

/// Mailbox, name, title, department, office.
type Employee = (&'static str, &'static str, &'static str, &'static str, &'static str);

const EMPLOYEES: [Employee; 24] = [
    ("SaraD", "Sara Davis", "Sales Manager", "Sales & Marketing", "20/1101"),
    ("ManishC", "Manish Chopra", "Account Executive", "Sales & Marketing", "20/1102"),
    ("DanaB", "Dana Birkby", "Account Executive", "Sales & Marketing", "20/1104"),
    ("AlexD", "Alex Darrow", "Marketing Assistant", "Sales & Marketing", "20/1109"),
    ("ChrisB", "Chris Barry", "Support Engineer", "Support", "18/2110"),
    ("JuliaM", "Julia Moseley", "Support Lead", "Support", "18/2111"),
    ("OmarH", "Omar Haddad", "Support Engineer", "Support", "18/2112"),
    ("PriyaN", "Priya Nair", "Support Engineer", "Support", "18/2113"),
    ("LiWei", "Li Wei", "Dispatcher", "Support", "18/2114"),
    ("FionaG", "Fiona Gallagher", "Head of Finance", "Finance", "20/3001"),
    ("TomaszK", "Tomasz Kowalski", "Controller", "Finance", "20/3002"),
    ("AnaS", "Ana Souza", "Accountant", "Finance", "20/3005"),
    ("JörgM", "Jörg Müller", "Facility Manager", "Büro Köln", "K/12"),
    ("SinaW", "Sina Weiß", "Office Manager", "Büro Köln", "K/11"),
    ("NoahT", "Noah Tanaka", "Developer", "Engineering", "25/0404"),
    ("EmmaL", "Emma Lindqvist", "Developer", "Engineering", "25/0406"),
    ("KwameA", "Kwame Asante", "Engineering Manager", "Engineering", "25/0401"),
    ("HelenR", "Helen Roche", "Test Engineer", "Engineering", "25/0409"),
    ("IvanP", "Ivan Petrov", "Systems Administrator", "IT", "25/0001"),
    ("MayaC", "Maya Cohen", "Chief Executive", "Management", "20/5000"),
    ("PaulO", "Paul O'Neill", "Counsel", "Legal", "20/4002"),
    ("RosaV", "Rosa Vargas", "Recruiter", "People", "20/4101"),
    ("SamuelB", "Samuel Berg", "Warehouse", "Logistics", "31/0001"),
    ("YukiS", "Yuki Sato", "Receptionist", "Reception", "20/0001"),
];

/// The last ones of these are on no list.
const ON_LISTS: usize = 19;

pub(super) fn directory() -> Directory {
    let mut me = employee(("lenea", "Lene Aaling", "Dispatcher", "Support", "18/2100"), 0);
    me.presence = Presence::available("Online");
    let mut directory = Directory::new(me);
    for (number, line) in EMPLOYEES.into_iter().enumerate() {
        let mut person = employee(line, number + 1);
        person.presence = presence_of(line.0);
        directory.add_person(person);
    }
    details(&mut directory);
    groups(&mut directory);
    directory
}

fn employee((mailbox, name, title, department, office): Employee, number: usize) -> Person {
    let mut person = Person::new(&format!("sip:{mailbox}@{DOMAIN}"), name);
    person.emails = vec![format!("{mailbox}@{DOMAIN}")];
    person.title = Some(title.into());
    person.department = Some(department.into());
    person.company = Some("Contoso".into());
    person.office = Some(office.into());
    person.work_phone = Some(format!("tel:+142555501{number:02};ext=501{number:02}"));
    person
}

fn presence(availability: &str, activity: Option<&str>, device: Option<&str>, last_active_ms: Option<i64>) -> Presence {
    Presence {
        availability: Some(availability.into()),
        activity: activity.map(Into::into),
        device_type: device.map(Into::into),
        last_active_ms,
    }
}

fn presence_of(mailbox: &str) -> Presence {
    match mailbox {
        "SaraD" => presence("Offline", None, Some("Unknown"), Some(1_358_827_096_000)),
        "ManishC" => presence("Busy", Some("in-a-meeting"), Some("PC"), Some(1_421_893_940_000)),
        "DanaB" => presence("Away", Some("Away"), Some("PC"), Some(1_421_890_000_000)),
        "ChrisB" => presence("Busy", Some("on-the-phone"), Some("DeskPhone"), None),
        "JuliaM" => presence("DoNotDisturb", Some("presenting"), Some("PC"), None),
        "OmarH" => presence("IdleOnline", Some("Inactive"), Some("PC"), Some(1_421_893_000_000)),
        "PriyaN" => presence("IdleBusy", Some("in-a-conference"), Some("PC"), Some(1_421_893_100_000)),
        "LiWei" => presence("BeRightBack", Some("Be Right Back"), Some("Mobile"), None),
        "FionaG" => presence("DoNotDisturb", Some("urgent-interruptions-only"), Some("PC"), None),
        "TomaszK" => presence("Away", Some("off-work"), Some("Web"), None),
        "AnaS" | "SamuelB" => Presence::available("Offline"),
        "JörgM" => presence("Online", Some("Am Aufzug 3"), Some("Mobile"), None),
        "EmmaL" => presence("Away", Some("out-of-office"), None, Some(1_421_800_000_000)),
        "IvanP" => Presence::available("Online"),
        _ => presence("Online", Some("Available"), Some("PC"), None),
    }
}

/// What only some of them have.
fn details(directory: &mut Directory) {
    let mut change = |mailbox: &str, change: fn(&mut Person)| {
        if let Some(person) = directory.person_mut(&format!("sip:{mailbox}@{DOMAIN}")) {
            change(person);
        }
    };
    change("SaraD", |sara| {
        sara.note = Some(Note::personal("Back on Monday"));
        sara.location = Some("Redmond".into());
        sara.mobile_phone = Some("tel:+14255550199".into());
        sara.privacy = "Workgroup".into();
    });
    change("ManishC", |manish| {
        manish.note = Some(Note::personal("Quarterly review, 3 < 4 & \"all is well\""));
        manish.location = Some("Meeting room 2".into());
        manish.modalities = ["Messaging", "Audio", "Video"].map(String::from).to_vec();
    });
    change("ChrisB", |chris| {
        chris.work_phone = Some("14255550106".into());
        chris.other_phone = Some("tel:5551;phone-context=contoso.com".into());
        chris.home_phone = Some("tel:+14255550170".into());
    });
    change("EmmaL", |emma| emma.note = Some(Note::out_of_office("Parental leave until May; ask Noah Tanaka")));
    change("JörgM", |jörg| jörg.location = Some("Köln".into()));
    change("MayaC", |maya| {
        maya.privacy = "External".into();
        maya.photo = false;
    });
    change("SamuelB", |samuel| {
        // Hardly anything is known about him.
        samuel.name = None;
        samuel.emails.clear();
        (samuel.title, samuel.department, samuel.company, samuel.office) = (None, None, None, None);
        (samuel.work_phone, samuel.source_network) = (None, None);
        samuel.photo = false;
    });
}

fn groups(directory: &mut Directory) {
    let group = |name: &str, numbers: std::ops::Range<usize>| {
        let mut group = Group::own(name);
        group.members = EMPLOYEES[numbers].iter().map(|line| format!("sip:{}@{DOMAIN}", line.0)).collect();
        group
    };
    let pinned = ["SaraD", "JuliaM", "LiWei"].map(|mailbox| format!("sip:{mailbox}@{DOMAIN}"));
    let others = group("Other Contacts", 14..ON_LISTS).members;
    for existing in &mut directory.groups {
        existing.members = if existing.kind == GroupKind::Pinned { pinned.to_vec() } else { others.clone() };
    }
    directory.add_group(group("Sales", 0..4));
    directory.add_group(group("Support", 4..9));
    directory.add_group(group("Finance", 9..12));
    directory.add_group(group("Büro Köln – 2. Stock", 12..14));
    let mut everyone = Group::distribution("All Engineering", "engineering@contoso.com");
    everyone.members = group("", 14..18).members;
    directory.add_group(everyone);
    let mut sales = Group::distribution("Sales Team", "salesteam@contoso.com");
    sales.members = group("", 0..4).members;
    sales.contacts_linked = true;
    directory.add_group(sales);
    let mut found = Group::distribution("Fire Wardens", "firewardens@contoso.com").unlisted();
    found.members = group("", 18..22).members;
    directory.add_group(found);
}

pub(super) fn add_special_groups(directory: &mut Directory) {
    let groups = [
        (GroupKind::Delegates, "Delegates", &["JuliaM", "ChrisB"][..]),
        (GroupKind::Delegators, "People I Manage Calls For", &["MayaC"]),
        (GroupKind::Organization, "My Organization", &["JuliaM", "OmarH", "PriyaN"]),
    ];
    for (kind, name, mailboxes) in groups {
        let mut group = Group::new(kind, name);
        group.members = mailboxes.iter().map(|mailbox| format!("sip:{mailbox}@{DOMAIN}")).collect();
        directory.add_group(group);
    }
}

const FIRST: [&str; 20] = [
    "Aino", "Bela", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Luca", "Mina", "Nils", "Olga", "Pavel",
    "Quinn", "Rania", "Sven", "Thea",
];
const LAST: [&str; 20] = [
    "Abel", "Brandt", "Conti", "Duarte", "Eriksen", "Fuchs", "Garcia", "Horvat", "Ito", "Jansen", "Keller", "Lopez", "Moreau", "Novak",
    "Olsen", "Park", "Reyes", "Silva", "Toth", "Urban",
];

pub(super) fn generate(directory: &mut Directory, count: usize) {
    let lists = directory.groups.iter().filter(|group| matches!(group.kind, GroupKind::Default | GroupKind::Own));
    let lists: Vec<String> = lists.map(|group| group.id.clone()).collect();
    let start = directory.people.len();
    for number in 1..=count {
        let (first, last) = (FIRST[number % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
        let number_in_company = start + number;
        let mut person = Person::new(&format!("sip:{first}.{last}{number}@{DOMAIN}"), &format!("{first} {last} {number}"));
        person.emails = vec![person.address().to_owned()];
        person.title = Some("Employee".into());
        person.department = Some(format!("Department {}", number % 40));
        person.company = Some("Contoso".into());
        person.office = Some(format!("{}/{:04}", number % 30, number));
        person.work_phone = Some(format!("tel:+1425556{number_in_company:05}"));
        person.presence = generated_presence(number);
        let uri = person.uri().to_owned();
        directory.add_person(person);
        if let Some(group) = lists.get(number % lists.len().max(1)).and_then(|id| directory.group_mut(id)) {
            group.members.push(uri);
        }
    }
}

fn generated_presence(number: usize) -> Presence {
    let last_active = Some(1_421_800_000_000 + 1_000 * i64::try_from(number).unwrap_or(0));
    match number % 8 {
        0 => Presence::available("Offline"),
        1 => presence("Offline", None, Some("Unknown"), last_active),
        2 => presence("Busy", Some("in-a-meeting"), Some("PC"), None),
        3 => presence("Away", Some("Away"), Some("PC"), last_active),
        4 => presence("DoNotDisturb", Some("presenting"), Some("PC"), None),
        5 => presence("IdleOnline", Some("Inactive"), Some("Mobile"), last_active),
        _ => presence("Online", Some("Available"), Some("PC"), None),
    }
}
