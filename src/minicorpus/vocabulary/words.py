"""Content words, each list split into words for training and words held out for evaluation.

No word is on both sides; the leak test checks that.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Words:
    """One kind of word, by side of the split."""

    train: tuple[str, ...]
    held: tuple[str, ...]


def _split(train: str, held: str) -> Words:
    return Words(tuple(w.strip() for w in train.split(",")), tuple(w.strip() for w in held.split(",")))


WORDS: Final[dict[str, Words]] = {
    "name": _split(
        "Ana, Tom, Maria, Peter, Lucy, John, Sara, David, Emma, Paul, Nina, Carlos, Julia, Mark, "
        "Elena, Sam, Laura, Omar, Kate, Ivan, Mei, Ahmed, Rosa, George, Olga, Daniel, Fatima, Hugo, "
        "Alice, Ben, Mrs Green, Mr Brown, Doctor Lee, Uncle Max, Aunt Jane, Grandma, Dad, Mum, Karl, "
        "Sofia, Yuki, Leo, Marta, Victor, Gustav, Leila, Fergus, Mrs Lancaster, Keiko, Amara, "
        "Winston, Mr Pemberton",
        "Pablo, Ingrid, Kofi, Beatriz, Walter, Mr Hudson, Aunt Carmen, Zoe, Dmitri, Priya, Oscar, Mrs Novak",
    ),
    "person": _split(
        "sister, brother, mother, father, teacher, friend, neighbour, boss, doctor, cousin, uncle, "
        "aunt, son, daughter, student, colleague, driver, nurse, manager, child, boy, girl, woman, "
        "man, grandmother, guest, singer, waiter, farmer, painter, visitor, partner, husband, wife, "
        "classmate, roommate, police officer, shopkeeper, tourist, customer, captain, trainer, "
        "assistant, secretary, baker, king, queen, lady, detective, barber, florist, referee, bishop, "
        "janitor, godmother, archaeologist",
        "lawyer, dentist, grandfather, plumber, librarian, coach, pilot, niece, tailor, landlord, gardener, mayor",
    ),
    "people": _split(
        "friends, parents, children, students, neighbours, teachers, people, colleagues, tourists, "
        "brothers, sisters, workers, players, girls, boys, women, men, guests, customers, doctors, "
        "triplets, athletes, nuns, rivals, astronauts",
        "lawyers, cousins, soldiers, dancers, pilots, nephews",
    ),
    "thing": _split(
        "book, phone, car, bag, box, table, picture, map, key, ticket, bicycle, computer, camera, "
        "letter, chair, lamp, window, door, house, garden, dress, shirt, coat, ring, clock, toy, "
        "ball, boat, plan, idea, project, present, photo, knife, bottle, mirror, machine, umbrella, "
        "bed, hat, coin, tree, flower, problem, answer, question, room, job, dog, cat, horse, bird, "
        "engine, list, plane, stone, wall, page, plant, shelf, carpet, wheelbarrow, mattress, trophy, "
        "magnet, razor, curtain, statue, hamster, jacket, oven",
        "briefcase, drawer, ladder, blanket, candle, kettle, pillow, scarf, wallet, helmet, basket, "
        "telescope, parrot, tent, brush, suitcase, bucket, necklace",
    ),
    "things": _split(
        "books, shoes, keys, photos, cars, flowers, dogs, cats, toys, pictures, clothes, glasses, "
        "tools, stamps, tickets, coins, stars, birds, boxes, questions, ideas, problems, marbles, "
        "ribbons, cushions, bricks, needles, geese",
        "candles, gloves, blankets, puppets, pumpkins, ladders",
    ),
    "food": _split(
        "pizza, soup, bread, rice, pasta, fish, chicken, salad, an apple, a sandwich, cake, cheese, "
        "eggs, chocolate, ice cream, fruit, vegetables, a banana, potatoes, breakfast, lunch, dinner, "
        "a cookie, meat, toast, beans, noodles, an orange, a burger, nuts, yoghurt, soup with bread, "
        "steak, a pear, tomatoes, a muffin, cabbage, lobster, an artichoke, raspberries, popcorn, a "
        "pretzel",
        "lentils, a pancake, mushrooms, grapes, a sausage, honey, porridge, spinach, a peach, dumplings",
    ),
    "place": _split(
        "the park, the office, the school, the library, the hospital, the market, the beach, the "
        "kitchen, the city, the village, the station, the bank, the shop, the garden, the hotel, the "
        "museum, the cinema, the church, the factory, the restaurant, the gym, the airport, the "
        "forest, the lake, the farm, the classroom, London, Madrid, Paris, the mountains, the street, "
        "the cafe, the theatre, the university, Spain, the zoo, the bridge, Berlin, the living room, "
        "the countryside, the pool, the port, the lighthouse, the vineyard, Brazil, the cathedral, "
        "the basement, Vienna, the orchard",
        "the castle, the bakery, the harbour, the stadium, the pharmacy, Lisbon, the island, the "
        "courthouse, Japan, the workshop, the valley, the embassy",
    ),
    "game": _split(
        "football, tennis, chess, cards, basketball, golf, hockey, volleyball, rugby, video games, "
        "baseball, table tennis, board games, badminton, snooker, backgammon, lacrosse, laser tag",
        "cricket, dominoes, handball, checkers",
    ),
    "instrument": _split(
        "the piano, the guitar, the violin, the drums, the flute, the trumpet, the harp, the "
        "saxophone, the bagpipes, the tuba, the mandolin",
        "the cello, the clarinet, the banjo",
    ),
    "subject": _split(
        "maths, history, English, biology, music, law, medicine, physics, art, Spanish, French, "
        "chemistry, grammar, economics, science, languages, literature, design, engineering, "
        "anthropology, Latin, politics, geometry",
        "geography, philosophy, German, astronomy, architecture",
    ),
    "show": _split(
        "a film, the news, a match, a documentary, a series, the game, cartoons, a play, a video, a "
        "concert, the race, a comedy, the show, TV, an old film, a sitcom, the ballet, an eclipse, "
        "the debate",
        "a musical, the parade, a thriller, the quiz, the fireworks",
    ),
    "audio": _split(
        "music, the radio, a podcast, the news, a song, the birds, jazz, the rain, an audiobook, rock "
        "music, the band, loud music, a story, the symphony, the sirens, bossa nova, the anthem",
        "an opera, the waves, folk songs, a lecture, the choir",
    ),
    "task": _split(
        "the report, the homework, the exercise, the project, the lesson, the course, the test, the "
        "work, the job, the meeting, the painting, the game, the book, the exam, the letter, the "
        "race, the cleaning, the list, the jigsaw, the blueprint, the chapter, the renovation",
        "the sculpture, the repair, the training, the puzzle, the translation, the survey",
    ),
    "chore": _split(
        "the homework, the dishes, the shopping, the laundry, the cleaning, the cooking, the "
        "housework, exercise, yoga, the ironing, the exercises, sport, nothing, the work, everything, "
        "a good job, the paperwork, research, business, the gardening, the accounts, the mopping, "
        "aerobics, the filing, the errands",
        "the vacuuming, karate, the budget, the decorating, the dusting",
    ),
    "text": _split(
        "a letter, an email, a book, a story, a poem, a message, a report, a song, a postcard, a "
        "note, a list, an article, a diary, a review, a novel, a text, an essay, a card, a speech, "
        "letters, emails, short stories, a sonnet, a manifesto, a summary, limericks, a fable",
        "a script, a recipe, a complaint, an invitation, a blog, a biography",
    ),
    "adjective": _split(
        "happy, tired, late, busy, ill, hungry, angry, sad, ready, rich, young, old, strong, cold, "
        "nice, kind, famous, quiet, worried, free, alone, careful, polite, lucky, clever, bored, "
        "healthy, thirsty, afraid, shy, anxious, gloomy, seasick, witty, restless, humble",
        "grumpy, sleepy, nervous, cheerful, lonely, generous, calm, jealous, stubborn",
    ),
    "quality": _split(
        "new, old, big, small, red, blue, green, beautiful, cheap, expensive, good, bad, long, heavy, "
        "white, black, strange, clean, dirty, broken, little, lovely, famous, different, modern, "
        "warm, yellow, simple, empty, crooked, silver, elegant, gigantic, spotted",
        "shiny, wooden, purple, tiny, ancient, fancy, dusty, round",
    ),
    "profession": _split(
        "a teacher, a doctor, a student, an engineer, a nurse, a cook, a driver, an artist, a writer, "
        "a waiter, a scientist, a singer, a farmer, a police officer, a dancer, a mechanic, an "
        "optician, a diplomat, a lifeguard",
        "a dentist, a pilot, an actor, a carpenter, a journalist, a butcher",
    ),
}
