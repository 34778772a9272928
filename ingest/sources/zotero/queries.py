"""The queries of Zotero's tables. Items in the trash are left out."""

COLLECTIONS = """
    SELECT collectionID, key, collectionName, parentCollectionID FROM collections
    WHERE libraryID = :library AND collectionID NOT IN (SELECT collectionID FROM deletedCollections)
"""
PAPERS = """
    SELECT itemID, key, typeName FROM items JOIN itemTypes USING (itemTypeID)
    WHERE libraryID = :library AND typeName NOT IN (SELECT value FROM json_each(:others))
    AND itemID NOT IN (SELECT itemID FROM deletedItems)
    AND (:chosen IS NULL OR itemID IN (SELECT itemID FROM collectionItems
        WHERE collectionID IN (SELECT value FROM json_each(:chosen))))
    ORDER BY itemID
"""
SINGLE_FILES = """
    SELECT key, linkMode, path FROM itemAttachments JOIN items USING (itemID)
    WHERE libraryID = :library AND parentItemID IS NULL AND linkMode IN (0, 1, 2) AND path IS NOT NULL
    AND (contentType = 'application/pdf' OR path LIKE '%.pdf')
    AND itemID NOT IN (SELECT itemID FROM deletedItems)
    AND (:chosen IS NULL OR itemID IN (SELECT itemID FROM collectionItems
        WHERE collectionID IN (SELECT value FROM json_each(:chosen))))
    ORDER BY itemID
"""
PARTS = {
    "fields": """
        SELECT itemID, fieldName, substr(value, 1, :longest_field)
        FROM itemData JOIN fields USING (fieldID) JOIN itemDataValues USING (valueID)
        WHERE itemID IN (SELECT value FROM json_each(:items)) ORDER BY fieldID
    """,
    "creators": """
        SELECT itemID, creatorType, lastName, firstName
        FROM itemCreators JOIN creators USING (creatorID) JOIN creatorTypes USING (creatorTypeID)
        WHERE itemID IN (SELECT value FROM json_each(:items)) ORDER BY orderIndex
    """,
    "tags": """
        SELECT itemID, name FROM itemTags JOIN tags USING (tagID)
        WHERE itemID IN (SELECT value FROM json_each(:items)) ORDER BY name
    """,
    "collections": """
        SELECT itemID, collectionID FROM collectionItems
        WHERE itemID IN (SELECT value FROM json_each(:items))
    """,
    # In earlier versions an attachment may have a note, too.
    "notes": """
        SELECT coalesce(n.parentItemID, a.parentItemID) AS paper, substr(n.note, 1, :longest_note)
        FROM itemNotes n LEFT JOIN itemAttachments a USING (itemID)
        WHERE paper IN (SELECT value FROM json_each(:items))
        AND n.itemID NOT IN (SELECT itemID FROM deletedItems) ORDER BY n.itemID
    """,
    "annotations": """
        SELECT a.parentItemID, substr(n.text, 1, :longest_note), substr(n.comment, 1, :longest_note),
            n.pageLabel
        FROM itemAnnotations n JOIN itemAttachments a ON a.itemID = n.parentItemID
        WHERE a.parentItemID IN (SELECT value FROM json_each(:items))
        AND n.itemID NOT IN (SELECT itemID FROM deletedItems)
        AND a.itemID NOT IN (SELECT itemID FROM deletedItems)
        ORDER BY a.itemID, n.sortIndex, n.itemID
    """,
    "retractions": """
        SELECT itemID, data, flag FROM retractedItems
        WHERE itemID IN (SELECT value FROM json_each(:items))
    """,
    "files": """
        SELECT parentItemID, key, linkMode, path FROM itemAttachments JOIN items USING (itemID)
        WHERE parentItemID IN (SELECT value FROM json_each(:items))
        AND linkMode IN (0, 1, 2) AND path IS NOT NULL
        AND (contentType = 'application/pdf' OR path LIKE '%.pdf')
        AND itemID NOT IN (SELECT itemID FROM deletedItems) ORDER BY itemID
    """,
}
"""Each gives the item of a paper, and what belongs to it, of the papers whose ids are listed as JSON."""
