//! What PostgreSQL says in its languages where Diesel passes on no code.

/// Of 40P01 and 55P03 (`lock_timeout`), as the catalogues of messages have them.
pub(super) const CONFLICTS: [&str; 24] = [
    // German, Spanish, French, Italian.
    "Verklemmung (Deadlock) entdeckt",
    "storniere Anfrage wegen Zeitüberschreitung einer Sperre",
    "se ha detectado un deadlock",
    "cancelando la sentencia debido a que se agotó el tiempo de espera de candados (locks)",
    "interblocage (deadlock) détecté",
    "annulation de la requête à cause du délai écoulé pour l'obtention des verrous",
    "rilevato deadlock",
    "annullamento dell'istruzione a causa di timeout di lock",
    // Japanese, Korean, Chinese (simplified and traditional).
    "デッドロックを検出しました",
    "ロックのタイムアウトのためステートメントをキャンセルしています",
    "deadlock 발생했음",
    "잠금 대기 시간 초과로 작업을 취소합니다.",
    "检测到死锁",
    "由于锁超时，正在取消语句",
    "發現死結",
    "由於鎖定逾時，正在取消敘述",
    // Georgian, Russian, Swedish, Ukrainian.
    "ნაპოვნია ურთიერთბლოკირება",
    "გამოსახულება გაუქმდება ბლოკის მოლოდინის ვადის ამოწურვის გამო",
    "обнаружена взаимоблокировка",
    "выполнение оператора отменено из-за тайм-аута блокировки",
    "deadlock upptäckt",
    "avbryter sats på grund av lås-timeout",
    "виявлено взаємне блокування",
    "виконання оператора скасовано через тайм-аут блокування",
];

/// Of 55P03 where a lock is not waited for (`NOWAIT`), of a row and of a table:
/// what comes before the table's name and after it.
pub(super) const LOCKED: [(&str, &str); 25] = [
    ("could not obtain lock on row in relation \"", "\""),
    ("could not obtain lock on relation \"", "\""),
    // German, Spanish, French (which has one text for both), Italian.
    ("konnte Sperre für Zeile in Relation »", "« nicht setzen"),
    ("konnte Sperre für Relation »", "« nicht setzen"),
    (
        "no se pudo bloquear un candado en la fila de la relación «",
        "»",
    ),
    ("no se pudo bloquear un candado en la relación «", "»"),
    ("n'a pas pu obtenir un verrou sur la relation « ", " »"),
    ("lock di riga nella relazione \"", "\" fallito"),
    ("lock della relazione \"", "\" fallito"),
    // Japanese, Korean (one text), Chinese (simplified and traditional).
    ("リレーション\"", "\"の行ロックを取得できませんでした"),
    ("リレーション\"", "\"のロックを取得できませんでした"),
    ("\"", "\" 릴레이션의 잠금 정보를 구할 수 없음"),
    ("无法获取关系 \"", "\" 中行的锁"),
    ("无法获取关系 \"", "\" 上的锁"),
    ("無法取得關聯 \"", "\" 中的資料列鎖定"),
    ("無法取得關聯 \"", "\" 的鎖定"),
    ("無法取得關聯 \"", "\" 上的鎖定"),
    // Georgian, Russian, Swedish, Ukrainian.
    ("ურთიერთობაში \"", "\" მწკრივის დაბლოკვის შეცდომა"),
    ("ბლოკის მიღების შეცდომა ურთიერთობაზე ", "\""),
    ("не удалось получить блокировку строки в таблице \"", "\""),
    ("не удалось получить блокировку таблицы \"", "\""),
    ("kunde inte låsa rad i relationen \"", "\""),
    ("kunde inte ta lås på relationen \"", "\""),
    ("не вдалося отримати блокування у рядку стосовно \"", "\""),
    ("не вдалося отримати блокування зв'язку \"", "\""),
];
