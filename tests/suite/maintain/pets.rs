//! A model that has changed: its records hold more than it says.

diesel::table! {
    pets {
        id -> Integer,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        breed -> Text,
        chip -> Nullable<Text>,
        vet -> Nullable<Text>,
    }
}
diesel::table! {
    #[sql_name = "pets"]
    former_pets (id) {
        id -> Integer,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        breed -> Text,
        chip -> Nullable<Text>,
    }
}

/// As it is now: a field is redacted, one is skipped, one is gone, and a property.
#[derive(Debug, diesel::Queryable, diesel::Selectable, handleref::Recorded)]
pub struct Pet {
    pub id: i32,
    pub name: Option<String>,
    #[recorded(redact)]
    pub phone: Option<String>,
    #[recorded(skip = "'any'")]
    pub breed: String,
}

/// As it was.
#[derive(Debug, diesel::Queryable, diesel::Selectable, handleref::Recorded)]
#[diesel(table_name = former_pets)]
#[recorded(table_name = "pet_records")]
#[recorded(property(called: Nullable<Text>, sql = "pets.name"))]
pub struct FormerPet {
    pub id: i32,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub breed: String,
    pub chip: Option<String>,
}

/// Pets 1 and 2, whose records from before the change hold every value.
pub fn changed_model(db: &crate::support::Db) {
    db.create(
        "CREATE TABLE pets (id {KEY} PRIMARY KEY, name {TEXT}, phone {TEXT}, breed VARCHAR(99) NOT NULL, chip {TEXT}, \
         vet {TEXT})",
    );
    db.install(&handleref::schema![FormerPet]);
    for id in [1, 2] {
        let row = format!("{id}, 'n{id}', 'p{id}', 'b{id}', 'c{id}', 'v{id}'");
        db.create(&format!(
            "INSERT INTO pets (id, name, phone, breed, chip, vet) VALUES ({row})"
        ));
        db.create(&format!("UPDATE pets SET name = 'm{id}' WHERE id = {id}"));
    }
    db.install(&handleref::schema![Pet]);
    db.create("ALTER TABLE pet_records ADD COLUMN shelf INTEGER NOT NULL DEFAULT 0");
}
