"""Write the demo corpus: news-like English with PER, ORG, LOC and MISC, from templates.

    python scripts/make_demo.py [--out data/demo] [--seed 1]

Everything below (names, sentences, rules) was written for this project. A
*story* is one document: its theme gives the templates, its cast (people,
companies, towns …) is drawn once and recurs, first in full, later by surname,
acronym or short form. Words are *at home* in the training split or held out
for the validation or the test split (`home_of`), and templates marked ``~``
never occur in training, so that a tagger has to read the context.

The language of the templates, one a line (an indented line goes on)::

    {kind}        a member of the cast: {p} a person, {co} a company, {t} a town …
    {p2}          another one of the same kind
    {p*}          one that only this sentence knows
    {club.city}   one of its other forms
    {int:2-9}     a filler that is no name
    [a|b|]        one of these, here also nothing
    ~             held out from training

The same seed gives the same bytes, whatever the machine and its hash seed.
"""

import argparse
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ner.files import write_text
from ner.tags import tags_of
from ner.text import Sentence, Span

SIZES = {"train": 1600, "valid": 300, "test": 300}
NEW_NAMES = 0.4  # how often valid and test prefer a word that training does not have
GENERAL = 0.26  # the share of sentences that could stand in any story

# --------------------------------------------------------------------------------------
# Words for names
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Country:
    """A country with what belongs to it; `people` is empty where the plural is awkward."""

    name: str
    adjective: str
    people: str
    cities: tuple[str, ...]


@dataclass(frozen=True)
class Culture:
    """Where people, towns and countries go together."""

    men: list[str]
    women: list[str]
    surnames: list[str]
    towns: list[str]
    countries: list[Country]


def words(text: str) -> list[str]:
    """Split a list of names; an underscore stands for a space inside one."""
    return [word.replace("_", " ") for word in text.split()]


def countries(text: str) -> list[Country]:
    """Read ``name adjective people city city …`` lines; ``-`` stands for no people."""
    rows = [words(line) for line in text.strip().splitlines()]
    return [Country(n, a, "" if p == "-" else p, tuple(cities)) for n, a, p, *cities in rows]


# Each of these is a town here, a surname there and the founder of a company elsewhere.
STEMS = words(
    """Harwick Marlow Brenton Caldbeck Dunmore Ashcombe Wexley Thornbury Kelham Langford Radcliffe
    Stanmore Whitcombe Holbrook Pemberton Aldridge Brackley Cromwell Elmhurst Fernley Garside
    Hartfield Kirkby Lindale Morley Norwood Oakley Preston Rushford Selby Tilbury Upton Walden
    Yarrow Bexford Colwyn Denholm Farleigh Granton Hadley Ingram Jesmond Kendal Lincoln Melrose
    Newby Penrose Quarley Redmond Sutton Tolvane Ulverton Verwood Windham Hamilton Clifton Burton
    Shelby Weston Carlisle Washington Houston Jackson Halifax Chester Kingsley Bradford Stafford
    Wells Blackwood Winslow Crawley Barton Hexham Ridley Skelton Thorpe Milburn Calder Aston"""
)

CULTURES = {
    "english": Culture(
        men=words(
            """Daniel Peter Oliver Graham Martin Stuart Neil Edward Colin Howard Simon Keith
            Russell Trevor Adrian Gordon Walter Luke"""
        ),
        women=words(
            """Helen Margaret Joanna Rachel Alison Judith Fiona Claire Harriet Susan Abigail
            Rosemary Lorna Gillian Beth Frances Naomi Hazel"""
        ),
        surnames=words(
            """Turner Whitaker Doyle O'Brien MacLeod Barker Fletcher Gilmour Hobbs Jarvis Kerr
            Lockwood Mercer Nolan Parrish Quinn Rowe Sharpe Tate Underhill Vickers Wragg Yates
            Bannerman Coyle Drummond Finch Goodall Hargreaves O'Dowd McAllister Pike
            Ashby Bell Crowther Deakin
            Ellison Frobisher Gadd Holloway Ives Kemble Latimer Munro Nesbitt Orme Pryce Raine
            Sissons Trask Unwin Vane Wetherby"""
        ),
        towns=STEMS,
        countries=countries(
            """Britain British Britons London Bristol Leeds Glasgow
            Ireland Irish - Dublin Cork
            Australia Australian Australians Sydney Perth Brisbane
            Canada Canadian Canadians Ottawa Toronto Winnipeg
            the_U.S. American Americans Washington Chicago Boston
            South_Africa South_African South_Africans Pretoria Durban
            Jamaica Jamaican Jamaicans Kingston"""
        ),
    ),
    "nordic": Culture(
        men=words("Lars Henrik Mikkel Olav Jens Petteri Anders Gunnar Soren Eino Rasmus Torsten"),
        women=words("Ingrid Sigrid Astrid Kirsten Maija Solveig Freja Tuula Hedda Annika Liv Aino"),
        surnames=words(
            """Lindqvist Halvorsen Nygaard Korhonen Bergstrom Dahl Eklund Fossum Gudmundsson
            Hellstrom Jokinen Kjeldsen Lund Makela Nordahl Ostergaard Rantanen Sandvik Tveit
            Virtanen Wallin Ahlgren Aaltonen Bjornstad Carlsen Enberg Fjeld Granlund Hovland
            Isaksen Koskela Laine Mortensen Niemi Olsrud Palmgren Rosendahl Sjoberg"""
        ),
        towns=words(
            """Havnsund Brekkevik Sundholm Torsvik Lappamaki Grenaa_Bay Storfors
            Vikholm Elvesund Norrtorp Kaldfjord Ruovasalmi"""
        ),
        countries=countries(
            """Norway Norwegian Norwegians Oslo Bergen Stavanger
            Sweden Swedish Swedes Stockholm Malmo Gothenburg
            Denmark Danish Danes Copenhagen Aarhus
            Finland Finnish Finns Helsinki Tampere
            Iceland Icelandic Icelanders Reykjavik"""
        ),
    ),
    "germanic": Culture(
        men=words("Jurgen Matthias Klaus Dieter Pieter Willem Stefan Ruud Bastian Joost Heiko Urs"),
        women=words("Anneke Birgit Heike Monika Saskia Ulrike Marijke Petra Katrin Greta Silke"),
        surnames=words(
            """Brandt Vogel van_der_Meer Kessler Hofmann de_Vries Steiner Zimmer Krause van_Dijk
            Lorenz Reinhardt Baumann Jansen Huber Kuipers Dressler Eberhart Falk Gerber Visser
            von_Arnim Albrecht Bremer Dietrich Engel Frei Grabowsky Haas Jaeger Kruger
            Linden Maas Neumann Oster Pohl Riedl Schuster Thoma Ulmer Wirth"""
        ),
        towns=words(
            """Oberwald Grunstadt Hollenbeek Rietdam Altenau Weissbruck Molenveld
            Kirchtal Steinach Bad_Ellern Zandrecht Nieuwsluis"""
        ),
        countries=countries(
            """Germany German Germans Berlin Hamburg Munich
            Austria Austrian Austrians Vienna Graz
            Switzerland Swiss - Zurich Basel
            the_Netherlands Dutch - Amsterdam Utrecht Rotterdam"""
        ),
    ),
    "french": Culture(
        men=words("Jean-Luc Olivier Pascal Thierry Mathieu Didier Bernard Yannick Gilles Etienne"),
        women=words("Brigitte Sylvie Mireille Nathalie Odile Camille Veronique Elodie Agnes"),
        surnames=words(
            """Moreau Lefort Garnier Delacroix Bonnet Chevalier Dumas Fontaine Rousselle Perrin
            Le_Goff Marchand d'Aubigny Beaulieu Tessier Valmont Picard Laurent Aubert
            Brossard Colbert Descamps Ferrand Giraud Huet Jourdan
            Lacombe Mercier Noiret Poulain Renaud Savary Thibault Vasseur"""
        ),
        towns=words(
            """Belcourt Montrivel Saint-Aubert Villerange Rochefleur Clairmont
            Port-Lucien Fontvieille Chateaubrun Marsanne Grandpre"""
        ),
        countries=countries(
            """France French - Paris Lyon Marseille Lille
            Belgium Belgian Belgians Brussels Antwerp"""
        ),
    ),
    "latin": Culture(
        men=words("""Javier Rodrigo Miguel Tiago Hector Alvaro Joaquim Ramiro Luis Eduardo Nuno"""),
        women=words(
            """Lucia Mercedes Ines Beatriz Pilar Catarina Ximena Rosario Gabriela Teresa"""
        ),
        surnames=words(
            """Castellanos Ferreira Ibarra Quiroga Mendonca de_Souza Villalobos Rojas Zamora
            Teixeira Pacheco Luna Salgado Echeverria dos_Santos Barros Cardenas Montoya Aguirre
            Bermudez Cordero Duarte Escobedo Figueroa Galindo Lobato Marques Navarro Olmedo
            Paredes Ruiz Serrano Tavares Valente"""
        ),
        towns=words(
            """Almira Puerto_Claro San_Telmo Valdeoro Monteluz Rio_Manso Santa_Brisa
            Porto_Velado Alcorra Las_Piedras Boca_Grande Vila_Nogueira"""
        ),
        countries=countries(
            """Spain Spanish Spaniards Madrid Seville Valencia
            Portugal Portuguese - Lisbon Porto
            Mexico Mexican Mexicans Mexico_City Puebla
            Chile Chilean Chileans Santiago Valparaiso
            Argentina Argentine Argentines Buenos_Aires Rosario
            Peru Peruvian Peruvians Lima Arequipa
            Colombia Colombian Colombians Bogota Cali
            Brazil Brazilian Brazilians Brasilia Recife Sao_Paulo
            Uruguay Uruguayan Uruguayans Montevideo"""
        ),
    ),
    "slavic": Culture(
        men=words("Andrzej Pavel Dmitri Goran Tomasz Viktor Milan Bogdan Ivo Sergei Zoran Jakub"),
        women=words("Irena Katarzyna Olga Milena Svetlana Vesna Danuta Jelena Zuzana Ludmila"),
        surnames=words(
            """Kowalczyk Novak Petrov Horvatic Zielinski Dragunov Marinova Stoyanov Kral Babic
            Wojcik Lisenko Hruska Jovanovic Karelin Sadowska Tichy Volkov Mazur Orlov
            Kostic Adamek Borisov Cerny Dudek Fedorov Grabar Ilic Janda Kovac Lukic
            Malek Nikolic Ostrow Pavlik Rusin Sobotka Tomic Urban Vasilev Zupan"""
        ),
        towns=words(
            """Velska Karnovo Bistrograd Zelenik Dubrovnoye Starigrad Mirowice Lipnica
            Novy_Dvor Kamengrad Zlatna Ostrovec"""
        ),
        countries=countries(
            """Poland Polish Poles Warsaw Krakow Gdansk
            Russia Russian Russians Moscow Kazan
            Ukraine Ukrainian Ukrainians Kiev Odessa
            Bulgaria Bulgarian Bulgarians Sofia Varna
            Serbia Serbian Serbs Belgrade Nis
            Croatia Croatian Croats Zagreb Split
            Slovenia Slovenian Slovenes Ljubljana Maribor
            the_Czech_Republic Czech Czechs Prague Brno"""
        ),
    ),
    "arabic": Culture(
        men=words("Karim Yousef Tariq Hassan Nabil Omar Faisal Samir Rachid Khalil Walid"),
        women=words("Leila Amina Samira Nadia Rania Zahra Hanan Salma Yasmin Dalia"),
        surnames=words(
            """Al-Hadid Mansouri Ben_Amar Haddad al-Khatib Rahmani Saleh Bouazza El-Sayed Nasser
            Khoury Darwish Belkacem Abdel_Rahim Aziz Fakhoury Zaydan Amari Barakat
            Chahine El-Tayeb Ghanem Hamdi Issa Jaber Kassem
            Lahoud Mahfouz Najjar Qasim Rifai Sabbagh Toumi"""
        ),
        towns=words(
            """Ain_Zarga Qasr_Hamra Wadi_Salim Marsa_Nour Tel_Rimal Beni_Aouf Dar_Salma
            Oued_Rahma Jebel_Nasr Bir_Haddad Sidi_Amor"""
        ),
        countries=countries(
            """Egypt Egyptian Egyptians Cairo Alexandria
            Jordan Jordanian Jordanians Amman Aqaba
            Tunisia Tunisian Tunisians Tunis Sfax
            Morocco Moroccan Moroccans Rabat Casablanca
            Lebanon Lebanese - Beirut Tripoli
            Algeria Algerian Algerians Algiers Oran
            Kuwait Kuwaiti Kuwaitis Kuwait_City
            Iraq Iraqi Iraqis Baghdad Basra"""
        ),
    ),
    "african": Culture(
        men=words("Kwame Joseph Chidi Emeka Samuel Tendai Moses Juma Kofi Babatunde Mwangi"),
        women=words("Grace Adaeze Ama Wanjiru Esther Ngozi Thandiwe Mercy Fatou Abena"),
        surnames=words(
            """Okafor Mensah Adeyemi Kamau Boateng Diallo Mwangale Nkosi Owusu Otieno Eze Banda
            Chikwanha Achebe Sesay Wekesa Asante Mutasa Kiplagat Abiola Bekele Conteh
            Danjuma Ekwueme Fofana Gyamfi Kalu Lungu
            Musa Njoroge Obi Phiri Quaye Rotich Sarpong Temu Uche"""
        ),
        towns=words(
            "Kisanga Umbaro Nkolafu Mwereni Tambala Odukpa Lusembe Bakoro Chimwala Ngorombe Katundu"
        ),
        countries=countries(
            """Kenya Kenyan Kenyans Nairobi Mombasa
            Ghana Ghanaian Ghanaians Accra Kumasi
            Nigeria Nigerian Nigerians Abuja Lagos
            Uganda Ugandan Ugandans Kampala
            Zambia Zambian Zambians Lusaka
            Tanzania Tanzanian Tanzanians Dodoma Arusha
            Senegal Senegalese - Dakar"""
        ),
    ),
    "southasian": Culture(
        men=words("Arjun Rajesh Imran Sanjay Vikram Nihal Anil Farhan Suresh Ashok Prakash"),
        women=words("Priya Meera Anjali Shireen Lakshmi Nusrat Kavita Sunita Dilani Rekha"),
        surnames=words(
            """Banerjee Chaudhry Iyer Mehta Perera Raman Siddiqui Thapa Kulkarni Wickrama Bhatt
            Desai Nair Qureshi Gurung Rao Fernando Malhotra Agarwal Basnet Chopra
            Dhillon Ganguly Hussain Jayawardene Khanna
            Lamichhane Menon Naidu Oli Patil Rahman Sharma Trivedi Verma"""
        ),
        towns=words(
            """Chandipur_Road Ranikot Meherabad Sundarganj Kolapatti Nayanagar Devigarh
            Lakhipur Talabad Mohanpur Suryakot"""
        ),
        countries=countries(
            """India Indian Indians New_Delhi Bombay Madras
            Pakistan Pakistani Pakistanis Islamabad Lahore Karachi
            Bangladesh Bangladeshi Bangladeshis Dhaka
            Sri_Lanka Sri_Lankan Sri_Lankans Colombo Kandy
            Nepal Nepalese - Kathmandu"""
        ),
    ),
    "japanese": Culture(
        men=words("""Kenji Takeshi Hiroshi Masaru Koji Shinji Naoki Isamu Daisuke Yutaka"""),
        women=words("""Yumi Keiko Haruka Noriko Akiko Emi Sachiko Mariko Tomoe Reiko"""),
        surnames=words(
            """Tanabe Morimoto Kuroda Watase Nakagawa Shimizu Fujita Takeda Ohara Sato
            Abe Fukuda Goto Inoue Kato Matsuda Okada Saito Ueda Yamane Hayashi Kondo
            Nishi Ogawa Sakai"""
        ),
        towns=words(
            """Minamihara Nagasone Kawabe Tsukimori Oshidani Hanamura Kitazono
            Aomine"""
        ),
        countries=countries("""Japan Japanese - Tokyo Osaka Sapporo Kobe"""),
    ),
    "korean": Culture(
        men=words("""Jun-ho Sang-woo Min-seok Dong-hyun Tae-il Kyung-soo Sung-min Jae-won"""),
        women=words("""Soo-jin Ji-won Hye-rin Mi-kyung Eun-ju Yoo-na Sun-hee"""),
        surnames=words(
            """Kim Park Choi Yoon Cho Han Jung Rhee Kang Bae Shin Noh Ryu Seo Oh
            Moon"""
        ),
        towns=words("""Daechon Haesong Gwangsan Namhae-ri Bukpo Songdong Yeonggok"""),
        countries=countries("""South_Korea South_Korean South_Koreans Seoul Pusan Taejon"""),
    ),
    "chinese": Culture(
        men=words("""Weiming Guoliang Jianhua Zhiwei Haoran Yifan Dawei Xiaobo"""),
        women=words("""Meilin Xiaoyan Lihua Yuting Shufen Jiaqi Wenjing"""),
        surnames=words(
            """Chen Zhang Liu Huang Lin Peng Qin Tan Wang Zhou Deng Feng Gao Hsu Jiang
            Luo Ma Qian Song Xie"""
        ),
        towns=words("""Xinhe Longtan Anbei Shuangkou Baiyun_Harbour Qinghe Nanpo"""),
        countries=countries(
            """China Chinese - Beijing Shanghai Tianjin
            Singapore Singaporean Singaporeans Singapore_City"""
        ),
    ),
    "turkish": Culture(
        men=words("""Mehmet Emre Levent Orhan Kemal Cem Murat Tuncay Ilhan"""),
        women=words("""Ayse Zeynep Elif Sevgi Nur Gonca Dilek Filiz"""),
        surnames=words(
            """Yildirim Demir Kaplan Aydin Ozkan Arslan Tekin Bozkurt Celik Erdem Inan
            Nalbant Onal Sahin Toprak Uzun Korkmaz Gunes Polat Sezer"""
        ),
        towns=words("""Yesilhan Karatepe Denizova Sarikum Gokcay Akpinar Tuzlukoy"""),
        countries=countries(
            """Turkey Turkish Turks Ankara Izmir Istanbul
            Azerbaijan Azeri Azeris Baku Ganja"""
        ),
    ),
    "greek": Culture(
        men=words("""Kostas Andreas Nikos Petros Yannis Spyros Stavros Lefteris"""),
        women=words("""Eleni Despina Katerina Ioanna Marina Sofia Vasiliki Anthi"""),
        surnames=words(
            """Papadakis Stavrou Economides Vasilakis Christou Manolis Kyriakou Alexiou
            Dimas Fotiou Galanis Hadjis Kalfas Lambrou Makris Pappas Rallis Zografos"""
        ),
        towns=words(
            """Agia_Marina Neokastro Palaiohori Ano_Vrysi Kalamitsi Drosopigi
            Petrolimani"""
        ),
        countries=countries(
            """Greece Greek Greeks Athens Patras Salonika
            Cyprus Cypriot Cypriots Nicosia Limassol"""
        ),
    ),
    "italian": Culture(
        men=words("""Fabio Giorgio Luca Matteo Renato Sandro Paolo Enzo Dario"""),
        women=words("""Chiara Francesca Silvia Paola Ornella Giulia Carlotta Bianca"""),
        surnames=words(
            """Bellini Rossetti Di_Marco Conti Ferrante Lombardi Zanetti Moretti
            Bassani Caruso D'Angelo Esposito Galli Marchetti Orsini Pellegrino Ricci
            Santoro Testa Vitale"""
        ),
        towns=words(
            """Castelfranco_Alto Villa_Serena Campoverde Monteforno Borgo_Lungo
            Valsecca Rocca_Nera"""
        ),
        countries=countries("""Italy Italian Italians Rome Milan Turin Genoa"""),
    ),
}

COUNTRIES = [country for key in sorted(CULTURES) for country in CULTURES[key].countries]
CULTURE_OF = {
    country.name.removeprefix("the "): key
    for key, culture in CULTURES.items()
    for country in culture.countries
}

# Countries at war are invented.
LANDS = countries(
    """Karvia Karvian Karvians Kardova Port_Elim
    Belmora Belmoran Belmorans San_Belmor Altera
    Zagoria Zagorian Zagorians Novi_Zagor Bystra
    Ostmark Ostmarker Ostmarkers Ostburg
    Tarquinia Tarquinian Tarquinians Tarquina Monte_Aro
    Rumbia Rumbian Rumbians Rumba_City Lokoro
    Valdania Valdanian Valdanians Valda Sarvik
    Kordova Kordovan Kordovans Kordov Ilanz
    Maravia Maravian Maravians Puerto_Maravo
    Tessaria Tessarian Tessarians Tessar Umbra_Bay
    Qasmira Qasmiri Qasmiris Qasm Bab_el_Nour
    Lusambia Lusambian Lusambians Lusamba Kitoro"""
)

LISTS = {
    "sector": words(
        """Steel Motors Foods Shipping Energy Textiles Mining Brewing Insurance Chemicals Timber
        Airlines Publishing Pharmaceuticals Cement Oil Electronics Retail Airways Paper Telecom
        Software Glass Dairies Logistics Aerospace"""
    ),
    "coined": words(
        """Novatrex Zelcor Trivanta Lumera Quantec Sylvane Aerolith Calyxa Noventra Corvanta Optimar
        Telvion Nextara Bioptera Meridian Octavia Heliocom Datavault Ferronix Polarity Brightwell
        Vantis Microlane Synthera Gridline Ecolite Terrabyte Stratum Pinnacle Northgate Bluewater
        Redstone Cobalt Firebird Longship Keystone"""
    ),
    "suffix": words("Inc Corp Ltd Plc Group Holdings AG"),
    "scope": words("National Federal Royal Central European International State Independent"),
    "regulates": words(
        """Competition Consumer Securities Telecommunications Food_Safety Trade_Practices Markets
        Data_Protection Fair_Trading Cartel"""
    ),
    "carries": words("Rail Road Transport Aviation Maritime Harbour Air_Safety Railway_Accident"),
    "counts": words("Statistics Statistical Labour Economic_Data Census"),
    "forecasts": words("Weather Meteorological Hydrological Climate Storm_Warning"),
    "portfolio": words(
        """Transport Finance Health Agriculture Education Defence Interior Justice Trade Energy
        Culture Environment Labour Foreign_Affairs Fisheries Tourism"""
    ),
    "partyword": words(
        """Liberal Democratic National Green Progressive Conservative Socialist Christian United
        Reform Civic Agrarian Labour Popular Republican Patriotic Centre Radical"""
    ),
    "partykind": words("Union Alliance Front Party Movement League Bloc"),
    "trade": words(
        """Dockers Teachers Miners Nurses Printers Railwaymen Seafarers Farmers Journalists Pilots
        Builders Weavers Postmen Bakers"""
    ),
    "nick": words(
        """United City Rovers Town Athletic Wanderers Albion County Rangers Harriers Thistle
        Falcons Bears Comets Pirates Ramblers Victoria Celtic Tigers Mariners"""
    ),
    "prefix": words(
        """Dynamo Sporting Racing Real Atletico Lokomotiv Olympique FC Inter Fortuna Torpedo
        Spartak Deportivo Vitoria AC Hapoel Union Olimpia"""
    ),
    "masthead": words(
        "Herald Courier Times Post Gazette Tribune Chronicle Observer Echo Mail Star"
    ),
    "nature": words(
        """Venn Orla Sarek Darrow Marra Tarn Issel Lomond_Fell Kessa Vindra Ombra Teviot Halden
        Skarn Amaru Tessin Wye_Moor Zarin Corran Elbury Farrow Glane Hesper Ravna Soren_Ness Ulma
        Varde Yssel Brathay Dunmail"""
    ),
    "province": words(
        """Lower_Tessin Inner_Vindra West_Halden Cape_Corran Upper_Orla North_Marra
        Transcaldia East_Halden Maravilla Kestovia Halland Sudmark Arrancia Veldt
        Western_Ombra Pelagonia Eastmarch Southmoor"""
    ),
    "street": words(
        """Harbour Mill Victoria Station Market Chapel Canal Wellington Foundry Orchard Cathedral
        Garrison Tannery Linden"""
    ),
    "eventword": words(
        """Harbour Lakes Golden_Oar Silver_Stag Northern Continental Coronation Centenary Mariners
        Diamond Champions Pacific Baltic Nordic Balkan Alpine Island Challenge Amber Highland
        Riviera Andean Olympia Solent Heritage Three_Rivers"""
    ),
    "eventkind": words("Cup Open Games Trophy Classic Masters Grand_Prix Shield Marathon"),
    "sportkind": words(
        "Rowing Swimming Cycling Judo Skating Fencing Sailing Athletics Chess Rugby"
    ),
    "league": words(
        """Northern_League Premier_Division First_Division Southern_Conference Super_League
        Elite_Series National_League Second_Division Atlantic_League Eastern_Conference
        Championship_North Coastal_League"""
    ),
    "lawword": words(
        """Clean_Rivers Fair_Rents Data_Protection Public_Order Coastal_Waters Land_Reform
        Small_Farms Press_Freedom Road_Safety Pensions Civil_Partnership Child_Welfare
        Official_Languages Mining_Rights Night_Work Forest_Protection Open_Archives Tenancy
        Animal_Health Emergency_Powers Party_Funding Harbour_Dues"""
    ),
    "lawkind": words("Act Bill Charter Code Directive Convention"),
    "product": words(
        """Falcon Aurora Zephyr Kestrel Orion Comet Nimbus Pegasus Vector Sirius Tempest Lynx
        Condor Vega Mistral Puma Solaris Arrow Chinook Raptor Swift Triton"""
    ),
    "noun1": words(
        """Glass Winter Salt Silent Paper Burning Last Copper Hollow Scarlet Drowned Borrowed
        Midnight Blind Wooden Second Lost Crooked Velvet"""
    ),
    "noun2": words(
        """Orchard Lighthouse Garden River Clock Letters Harvest Mirror Cathedral Daughters Piano
        Season Kingdom Bridge Ferryman Gardener Island Violin Map"""
    ),
    "prize": words(
        """Golden_Heron Silver_Quill Palette_Prize Laureate_Medal Golden_Reel Crystal_Lyre
        Order_of_Merit Bronze_Lantern Amber_Rose Critics_Award"""
    ),
    "faith": words(
        """Catholic Muslim Buddhist Hindu Jewish Lutheran Orthodox Sikh Anglican Methodist
        Protestant Baptist"""
    ),
    "ship": words(
        """Northern_Star Ocean_Pearl Lady_Adelaide Sea_Venture Kronborg_Queen Maria_Celeste_II
        Princess_Ilse Morning_Tide Santa_Rita Blue_Marlin Grey_Wolf Atlantic_Dawn Golden_Fleece
        Baltic_Trader Silver_Wake"""
    ),
    "probe": words("Helios Argo Pathway Cassandra Perseus Umbra Daedalus Voyant Selene Hyperion"),
    "saint": words("Mary Luke Andrew Brigid Columba Anselm Clare Olaf Monica Gabriel Jude"),
    "intl": words(
        """the_United_Nations the_European_Union NATO the_Security_Council the_African_Union
        the_Arab_League the_Council_of_Europe EU the_Commonwealth the_U.N. the_Nordic_Council"""
    ),
    "aid": words(
        """the_Red_Cross UNICEF the_World_Health_Organization the_Red_Crescent WHO UNHCR
        the_World_Food_Programme Doctors_Abroad Bread_Without_Borders the_Harvest_Fund
        Clearwater_Relief Children_First the_Lantern_Foundation Medical_Bridge"""
    ),
    "fund": words(
        """the_World_Bank the_International_Monetary_Fund the_European_Commission IMF OECD
        the_Asian_Development_Bank the_Institute_for_Economic_Research the_Lisbon_Group
        the_African_Development_Bank the_Council_of_Economic_Advisers"""
    ),
    "bloc": words(
        """the_European_Union NATO OPEC the_Commonwealth the_United_Nations OECD ASEAN EFTA
        the_Customs_Union the_Coffee_Producers_Association the_World_Trade_Organization"""
    ),
    "court": words(
        """the_Supreme_Court the_Court_of_Appeal the_High_Court the_Constitutional_Court
        the_Federal_Tribunal the_Labour_Court the_Commercial_Court the_Court_of_Cassation"""
    ),
    "month": words(
        "January February March April May June July August September October November December"
    ),
    "day": words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "small": words("two three four five six seven eight nine ten eleven twelve"),
}

# --------------------------------------------------------------------------------------
# Templates: themes
# --------------------------------------------------------------------------------------

THEMES = {
    "politics": """
heads:
{p.last} [narrowly |]wins confidence vote in {n.x}
{party2.x} [quits|walks out of] {n.adj} coalition
{n.x} votes on {law.x}
{n.adj} minister resigns over {law.x}
{p.last} and {p2.last} trade blows before {n.x} poll
~ {party.x} ahead in {n.x} , early count shows
~ PROFILE - {p.full} , the quiet survivor of {n.adj} politics
leads:
{n.adj} Prime Minister {p} [survived a confidence vote|called an early election] on {day} [after
  three days of debate|after losing the support of {party2}|] .
Lawmakers in {n} [approved|rejected] {law} on {day} [by a margin of {small} votes|after an
  all-night sitting|] , handing [Prime Minister |]{p} [a rare victory|a painful defeat] .
{party2} [left|said it would leave] the government of {n} on {day} , [leaving {p} without a
  majority|which gives {p} a majority of only {few} seats] .
{p} of {party} was sworn in as [president|prime minister] of {n} on {day} .
{n} goes to the polls on {day} [in|for] an election that {party} of {p} is [expected|likely] to
  [win|lose] .
~ Barely {int:20-80} days after taking office , {n.adj} Premier {p} faces open revolt in {party} .
body:
{p} , whose {party.x} has lost {small} seats since the last election , said in a speech to
  [students at {uni}|business leaders in {n.t}] that {n} needed [new schools|lower taxes|honest
  ministers] more than it needed {law} , [a remark that angered {p2}|which {party2} first proposed
  in {recent}] .
" We will not be blackmailed by {party2} , " {p} told [a rally|supporters] in {n.t} .
{p2} , who leads {party2} , called the [result|vote] " a farce " and demanded a recount .
[Opposition leader|Former finance minister] {p2} accused {p} of [buying votes|hiding the true cost
  of the reform|ignoring parliament] .
{law} would [force|oblige] ministers to publish their tax returns .
An opinion poll in {paper} put {party} at {share} , [ahead of|level with|behind] {party2} .
{p3} , a political scientist at {uni} , said [voters were tired of scandal|the coalition could
  hardly last until {month}] .
In {n.t2} , several thousand supporters of {party2} [marched|gathered] outside {ministry} .
{p} , {age} , [was born|grew up] in {v} and [worked as a lawyer|taught history] before {p.he}
  [joined|founded] {party} .
Turnout in {n.t} was {share} , compared with {share} in {recent} .
{party} has governed {n} since {recent} .
{p} 's ally {p4} [declined to comment|called for calm] .
Both chambers must now vote on {law} before the end of {month} .
[Most|Many|Few] {n.people} [believe|doubt] that {p} can keep {p.his} promises .
The finance minister , {p3} , is [tipped|expected] to replace {p4} at {ministry} .
The vote was [secret|postponed twice] and the [count|debate] [went on until dawn|took {few} hours]
  .
No government in the country 's history has [lasted less than {small} weeks|lost so many
  ministers] .
~ Asked by {paper} whether {p.he} would resign , {p} [simply smiled .|answered with one word : "
  Never . "]
~ {party2} won {int:31-58} seats , {party} {int:21-30} and {party3} {int:3-9} .
~ For {p2} , the defeat in {v} was a personal one .
""",
    "diplomacy": """
heads:
{n.x} , {n2.x} [sign|agree] [border|fishing|water] deal
{n.x} recalls envoy from {n2.t}
{intl.x} urges {n.x} to [resume talks|free prisoners]
{n2.adj} [president|foreign minister] [arrives in|leaves] {n.t} [after|for] talks
~ {n.x} - {n2.x} talks collapse over {nature.x}
leads:
[Foreign ministers|Negotiators] from {n} and {n2} met in {city} on {day} [to discuss|for talks on]
  [fishing rights|the future of {nature}|a prisoner exchange] .
{n} [recalled its ambassador from|closed its embassy in] {n2} on {day} in a [widening|bitter]
  dispute over {nature} .
{n2.adj} Foreign Minister {d} arrived in {n.t} on {day} for [a two-day visit|talks with {p}] .
{intl} [called on|urged] {n} and {n2} on {day} to [share the water of {nature}|respect {law}] .
~ {n.adj} and {n2.adj} trawlers [came within {small} metres of each other|cut each other 's nets]
  off {sea} on {day} .
body:
Before leaving for {city2} , where {p.he} was to meet {e2} of {n3} , {p} said the {n2.adj} side
  had [come with nothing new|accepted most of the {year} map] , but [hoped|doubted] that the
  dispute over {nature} could be settled before the next summit of {intl} in {month} .
{p} , the {n.adj} foreign minister , [said|told reporters] that the talks with {d} had been
  [frank|useful|cordial] .
{d} [denied|confirmed] that {n2} had [moved border posts|planned a dam] near {v} .
" {n} has no quarrel with the {n2.adj} people , " {p} said [in a statement|after the meeting|in
  {city}] .
The {n2.adj} embassy in {n.t} [was closed on {day}|declined to comment|said two {n2.people2} had
  been hurt] .
{intl} will send {int:12-90} observers to {v} , [near|close to] the {n2.adj} border .
About {int:2-30},000 {n.people} live in the {n2.adj} province of {reg} , [where most people speak
  {lang}|many of them {faith}] .
{n} and {n2} have argued over {nature} since {year} .
Under {law} , [signed in {city} in {year} ,|] [both sides|the two countries] must give notice of
  new [dams|quotas] .
{d} , a former ambassador to {n3} , [speaks {lang} and {lang2}|studied at {uni}] .
The {n3.adj} [envoy|mediator] , {e} , flew from {n3.t} to {n2.t} with new proposals .
[Diplomats in {city}|Western diplomats|{n3.adj} officials] said {n2} was likely to accept .
{n2} says the [islands|villages] have been {n2.adj} since the {year} treaty ; {n} says they are
  not .
{p} said {n} [would take the case to {intl2}|had asked {intl2} for help] .
The [border|frontier] has been closed [since {month}|since {year}|to traffic for {few} weeks] .
Neither side [has published a map|gave any ground|wanted to speak first] [on {day}|in public|] .
~ No {n2.adj} minister has set foot in {n.t} since {p2} was president .
~ The text , drafted in {lang} , gives {n2} access to the port of {v} .
~ {n3} and {intl2} offered to guarantee the accord .
""",
    "business": """
heads:
{co.x} [buys|to buy] {co2.x} for {money}
{co.bare} profit [jumps|falls|slips] {int:4-60} percent
{co.x} to cut {int:2-9}00 jobs in {t.x}
{co.bare} shares [slide|soar] on {co2.bare} talks
{co.x} names {p.full} [chief executive|chairman]
~ {co2.bare} rejects " hostile " {co.bare} offer
leads:
{co} said on {day} it [would buy|had agreed to buy] {co2} [of {n2} |]for {money} .
Shares in {co} [rose|fell|tumbled] {pct} on {day} after the [company|group] [warned of lower
  profits|reported record sales|said it was in talks with {co2}] .
{co} , [a family-owned|the {n.adj}|the troubled] [manufacturer|company|conglomerate] , [plans to
  close|is closing] its plant in {t2} with the loss of {int:2-9}00 jobs .
{co} named {p} as chief executive on {day} [to succeed {p2}|] .
[Net profit|First-half profit] at {co} [rose to|fell to] {money} [from {money} a year earlier|] .
~ A bid battle for {co2} broke out on {day} when {co} topped an offer from {co3} .
body:
{co} , which owns {pct} of {co2} and runs factories in {t} , {t2} and the {n2.adj} city of {n2.t}
  , [said in a statement that it would keep the {prod} name|denied a report in {paper} that {p}
  was about to leave] .
Under the terms of the deal , shareholders of {co2} , among them {bank} and the {p2.name} family ,
  will receive [two|three] {co.bare} shares and {money.small} in cash for each share they hold .
{p} , [chief executive|chairman|finance director] of {co} , said [orders from {n2} were strong|the
  market in {n2} remained weak|the deal would save {money} a year] .
" [{n2} is the market|{n2} and {n3} are the markets] of the future , " said {p} .
{co.bare} employs {int:2-40},000 people in {n} and {n2} .
The deal needs the approval of {regul} [and of the {n2.adj} authorities|] .
Analysts at {bank} [cut their forecast for {co.bare} to {money}|said the price was high|expect a
  higher bid from {co3}] .
{co} was founded in {t} in {year} by {co.founder} , [a {n.adj} engineer|the child of a miner|a
  former employee of {co2}] .
{co2} , which [makes|sells] the {prod} , [has lost money for {few} years|is controlled by the
  {p2.name} family] .
The company 's new {prod} will [go on sale in {n2} in {month}|be built in {t2}|compete with the
  {prod2} from {co2}] .
{bank} and {bank2} [are advising {co}|arranged the loan] .
Last year {co2.bare} [sold|shipped] {int:20-90},000 units in {n3} , [according to {paper}|up
  {pct}] .
{p2} , who holds {pct} of {co2} , told {paper} {p2.he} [would not sell|was " open to offers "] .
{co.bare} [rose|fell] {int:2-40} cents to {int:3-90}.{int:10-99} in {city} , while {co2.bare}
  [gained|shed] {pct} .
{union} [condemned|welcomed] the plan and [called for|ruled out] a strike at the {t2} works .
Talks between {co} and {co2} [broke down in {month}|are being held in {city}] .
{n2} is {co.bare} 's largest market after {n} .
The [board|management] [meets|will meet] on {day} to discuss the [offer|figures|dividend] .
The [dividend|payout] was [raised to|cut to|left unchanged at] {int:2-40} cents a share [, the
  company said|] .
~ {co3} 's offer , worth {money} , lapses on {date} .
~ Neither {p} nor {p2} would say who first proposed the link .
~ At {co.bare} 's headquarters on {street} in {t} , staff learned the news from the radio .
~ {regul} fined {co} {money} for fixing prices with {co2} and {co3} .
""",
    "economy": """
heads:
{n.adj} [inflation|jobless rate] [falls|rises] to {rate}
{cbank.x} [cuts|raises|holds] interest rates
{n.x} [trade gap|deficit] [widens|narrows] in {month}
~ {fund.x} trims {n.adj} growth forecast
leads:
{cbank} [cut|raised] its key interest rate to {rate} on {day} , [citing weak demand from {n2}|the
  third such move this year] .
[Inflation|Unemployment] in {n} [rose|fell] to {rate} in {month} [from {rate} a month earlier|] ,
  {stat} said .
The {n.adj} currency [hit a record low|recovered sharply] on {day} after {cbank}
  [intervened|stayed out of the market] .
~ {n} will [sell|privatise] its stake in {co} to plug a budget hole , {fmin} announced .
body:
Although exports to {n2} , {n3} and the rest of {bloc} have grown for {few} quarters in a row ,
  {bank} and {bank2} [say|warned on {day}] that [unemployment in {reg}|the cost of the {law.x}
  reforms] could still push {n} into recession .
{p} , governor of {cbank} , said [growth was slowing|prices would ease by {month}|there was no
  cause for alarm] .
Exports to {n2} [dropped|grew] {pct} while imports from {n3} [were flat|doubled] .
Economists at {bank} had [forecast|expected] a rate of {rate} .
" The [bank|government] has run out of excuses , " said {p2} [of {bank}|, chief economist at
  {bank}] .
{fund} expects the {n.adj} economy to [grow|shrink] by {rate} [this year|next year] .
Wages in {reg} [rose faster than|lag behind] those in the rest of {n} .
In {n.t} , [stocks closed lower|the index ended {int:3-40} points higher] , led by {co} and {co2}
  .
{n} , a member of {bloc} since {year} , [imports most of its oil from {n2}|sells a third of its
  exports to {n3}] .
Tourists from {n2} spent {money} in {n} [last summer|in {month}] , {stat} said .
Farmers in {reg} blame [cheap {n2.adj} imports|{law}|the drought] .
Finance Minister {p3} will present {p3.his} budget [to parliament|] on {date} .
Dealers in {city} said {bank2} had been [a heavy buyer|selling since the opening] .
{n2} and {n3} [reported|posted] [similar figures|better numbers] last week .
{p3} , who moved to {fmin} from {bank} , [has promised to cut taxes|wants to join {bloc2}] .
[Gold|Oil|Copper|Wheat] [rose|fell|slipped] {int:2-60} cents [in quiet trading|in early trading|by
  noon] [on {day}|] .
One [job|household|worker] in {small} [depends on exports|is at risk|feels the change] .
~ Bond yields , at {rate} , are the highest since {n} joined {bloc} .
~ What worries {p3} most is {reg} , where one worker in {small} has no job .
""",
    "football": """
heads:
SOCCER - {club.short} [beat|thrash|edge|stun] {club2.short} {score}
SOCCER - {club.short} [sign|sell] [{n.adj} |]striker {p.last}
{club.city} [sack|appoint] [coach|manager] {p2.last}
{club.short} and {club2.short} draw {draw}
~ SOCCER - {p.last} double sends {club.city} top
leads:
{club} beat {club2} {score} [at {venue}|in {club.t}|] on {day} to [go top of {league}|reach the
  final of {cup}|end a run of {small} defeats] .
{n.adj} striker {p} scored [twice|a late winner|a hat-trick] as {club} [beat|crushed|knocked out]
  {club2} {score} on {day} .
{club} [have signed|signed] [{n.adj} international|defender|goalkeeper] {p} from {club2} for {fee}
  .
{club} sacked {p2} as [coach|manager] on {day} , [hours|a day] after [a {score} home defeat by
  {club2}|losing to {club2}] .
~ Ten-man {club} held on for a goalless draw with {club2} in {league} on {day} .
body:
{club.city} , who had lost {few} of their last {small} matches and were without the injured {p3}
  and {p4} , [took the lead|fell behind] when {p} of {n} [stole the ball from|ran past] {p6} and
  [shot into|rolled it into] the empty net .
The draw for the {cup.x} paired {club} with {club3} and {club2} with {club4} .
{p} [headed|drove|tapped] in {p.his} {nth} goal of the season [in the {int:3-19}th minute|from a
  {p3} cross|after a mistake by {p4}] .
{club2.city} [equalised|went ahead|hit the post] through {p4} [{small} minutes later|before the
  break|] .
{club2.short} coach {p5} [said|admitted] : " {club.city} were [better than us|lucky] . "
{club.city} play {club3} in {club3.t} [next {day}|on {date}] .
{p} , {sportage} , joined {club} from {club3} [in {month}|last summer] .
In {club.t} , [fans danced in the streets|police closed {street}|the shops shut early] .
Goalkeeper {p6} was sent off for [a foul on {p}|handling outside the area] .
{club2.city} have not won in {club.t} since {year} .
{club} , {few} points clear of {club3} , need [one more win|a draw] for the {league.x} title .
{n} [will play|face|meet] {n2} in a friendly in {n2.t} on {date} .
{p} will miss {n} 's match against {n2} [because of injury|] .
{club.nick} and {club2.nick} meet again in {cup} next month .
[Scorers|Goals] : {club.short} - {p.last} {int:5-40} , {p3.last} {int:41-90} ; {club2.short} -
  {p4.last} {int:10-80} .
Attendance : {int:4-60},{int:100-999}
{club3.city} [beat|drew with|lost to] {club4.city} in the [other|late] match .
Referee {d} of {n2} [showed {few} yellow cards|was booed off at {venue}] .
The [first|second] half was [played in driving rain|dull|even] [and produced {few} corners|] .
[The crowd|A crowd of {int:4-60},000] [whistled|sang to the end|saw no goal before the
  {int:46-89}th minute] .
~ " I told {p} that {club.city} would be watching {p.him} , " said {p2} .
~ {club3.nick} , fresh from their {cup.x} win over {club4.city} , dropped to third .
~ A {int:2-5}-0 lead in {club2.t} was not enough for {club.city} .
~ {n2} lost {score} to {n3} in {city} .
""",
    "results_soccer": """
heads:
SOCCER - {league.x} results
SOCCER - {n.adj} [first|second] division results
~ SOCCER - {league.x} standings
leads:
[Results|Scores] of {league.x} matches [played |]on {day} [( home team first )|] :
Results in {league} on {day} [after {int:3-30} rounds|] :
body:
{club1*} {int:0-5} {club2*} {int:0-5}
{club1*.city} {int:0-4} {club2*.city} {int:0-4}
{club1*} {int:0-3} {club2*.city} {int:0-3}
{club1*} {record}
{club1*.city} {record}
Friendly : {n1*} {int:0-4} {n2*} {int:0-4}
Postponed : {club1*} v {club2*}
Scorers : {p1*} ( {int:5-44} ) , {p2*} ( {int:46-90} )
Standings ( played , won , drawn , lost , goals for , against , points ) after {int:3-30} rounds :
Halftime {halftime} ; attendance {int:2-40},{int:100-999}
~ Abandoned at half-time : {club1*.city} {int:0-3} {club2*} {int:0-3}
~ {club1*.city} v {club2*.city} , kick-off {int:12-20}:30
""",
    "results_tennis": """
heads:
{open.x} results
TENNIS - {open.x} results
~ {open.x} draw
leads:
Results [from|on the {nth} day of] {open} in {n.t} on {day} [( prefix number denotes seeding )|] :
[Second-round|Third-round|Quarter-final] results in {open} on {day} :
body:
{int:1-8} - {p1*} ( {p1*.n} ) beat {p2*} ( {p2*.n} ) {set} {set}
{p1*} ( {p1*.n} ) beat {p2*} ( {p2*.n} ) {set} {set} {set}
{p1*} ( {p1*.n} ) beat {int:1-8} - {p2*} ( {p2*.n} ) {set} {set}
[Men 's|Women 's] doubles : {p1*.init} and {p2*.init} beat {p3*.init} and {p4*.init} {set} {set}
[Semi-final|Quarter-final|Third round] : {p1*} v {p2*}
[Men 's|Women 's] singles , [first|second|third] round
Play starts at {int:9-13}.30 on [Court {int:1-9}|{day}] .
~ {p1*.init} , {p1*.n} , withdrew
~ {p1*.n} lead {p2*.n} {int:2-3}-{int:0-1}
""",
    "results_race": """
heads:
{sport.upper} - {race.x} results
CYCLING - {race.x} placings
leads:
Leading placings in {race} [in|near] {n.t} on {day} :
Placings after the {nth} [stage|day] of {race} on {day} :
body:
{int:1-20}. {p1*} ( {p1*.n} ) {int:9-59}:{int:10-59}.{int:10-99}
{int:1-20}. {p1*} , {p1*.n} , {int:60-290} points
{int:1-20}. {p1*} ( {p1*.n} ) {int:1-5} minutes {int:10-59} seconds behind
{int:2-30} km time trial : {p1*} ( {p1*.n} ) {int:20-59}.{int:10-99} seconds
Team : {n1*} {int:300-900} , {n2*} {int:100-299}
Stage [winner|leader] : {p1*} ( {co1*.bare} )
Distance {int:3-240} km ; [{int:20-90} starters|{int:2-30} retired]
~ Yellow jersey : {p1*} , {p1*.n}
~ {p1*} , {p1*.n} , did not finish
""",
    "sport": """
heads:
{p.last} wins {event.x}
{sport.upper} - {n.adj} {p.last} breaks {event.x} record
{n.x} [wins|loses] bid for {event.x}
{q.last} pulls out of {event.x}
~ {sport.upper} - {p.last} eyes fourth {event.x} crown
leads:
{p} of {n} won {event} [in {city}|] on {day} , [beating {q} of {q.n}|finishing {int:2-40} seconds
  ahead of {q}] .
{n.adj} [teenager|champion|veteran] {p} [broke the record|took the lead] in {event} on {day} .
{q} has withdrawn from {event} [because of a knee injury|after a positive drugs test|] ,
  organisers said on {day} .
~ On a wet [track|course] in {n.t} , {p} gave {n} its first {event.x} victory in {int:10-40} years
  .
body:
{p} , who grew up in {v} and moved to {city2} as a child , [led from the first kilometre|was never
  in danger] and [crossed the line|finished] {int:2-40} seconds ahead of {q} of {q.n} and the
  {q2.adj} champion {q2} .
{p} , {sportage} , [won|came second in] {event2} [last year|two years ago|] .
" This is for everybody in {n.t} , " said {p} .
{q} , the [top seed|favourite|holder] , [fell|was fined|finished seventh] .
{p} trains with {q2} in the [hills|mountains] above {v} .
{n} has {small} medals , {n2} {small} and {n3} one .
Organisers of {event} said [next year 's race would start in {v}|{co} had signed a three-year
  deal] .
{q} [blamed {q.his} equipment|congratulated {p}] .
{sportbody} banned {q2} for [two|four] years .
Third place went to {q2} [of {q2.n}|, a {q2.adj} newcomer] .
{p} beat {q} [on points|by less than a second|in a sprint finish] [to reach the {event.x} final|]
  .
The {n2.adj} [coach|captain] , {d} , [protested|refused to comment] .
{p} carried the {n.adj} flag at {event2} .
{event} will [move|return] to {city2} in {month} .
Only {few} {n.people} have [ever |]won {event} .
The [course|track] was [shortened|wet in places] because of [snow|high winds|fog] [, organisers
  said|] .
[Doctors|Team officials] said the [knee|shoulder|ankle] would need {few} weeks to heal .
~ {p} 's coach , {p2} , knelt and kissed the ground of {venue} .
~ Not since {p2} in {year} had {n} produced a finalist .
~ Behind {p} came {q} , {q2} and {q3} .
""",
    "science": """
heads:
[Scientists|Researchers] find [new frog|ancient bones|rare orchid] in {n.x}
{space.x} launches {probe.x}
{uni.x} team maps {nature.x}
~ {probe.x} goes silent
leads:
Scientists at {uni} said on {day} they had [found the remains of|identified] [a new species of
  bat|a giant bird] [near {nature}|in {n2}|in caves outside {v}] .
{space} launched the {probe} [satellite|spacecraft] on {day} from its base near {v} .
A team led by [Professor |]{p} of {uni} has [mapped|measured] [the bed of {sea}|the ice around
  {mount}] .
~ {p} never expected to find a fossil forest under a car park in {v} .
body:
Working with colleagues from {uni2} and the {n2.adj} {space.x} , {p} and {p2} [spent {few} summers
  at {nature}|drilled through the ice of {mount}] and found that [the water is far older|the rock
  formed much later] than [a {year} study|the {lang} textbooks] had suggested .
{p} , [a biologist|an astronomer|a chemist|a geologist] at {uni} , said [the find was a
  surprise|more work was needed|the team had " checked it twice "] .
{probe} will [orbit the moon|photograph comets|measure rainfall over {n2}] for {small} years .
The study , published in {journal} , [was paid for by|received {money} from] {co} .
{p2} of {uni2} , who was not involved in the study , [called it " careful "|urged caution] .
Samples taken from {nature} [were older|contained more iron] than those found by {p2} in {year} .
The [animal|plant] is known in {lang} as the " [ghost|rain|stone] [bird|lily] " .
{uni} and {uni2} [will share the data|plan a joint laboratory in {city}] .
{space} [spent|has spent] {money} on {probe} .
[Engineers|Staff] at {space} in {n.t} [cheered|held their breath] .
{p} won the {prize} in {year} for {p.his} work on [bees|glaciers|proteins] .
{n} , {n2} and {n3} [fund|pay for] the telescope on {mount} .
The [bones|seeds|teeth] are [at least|about] {int:2-90},000 years old [, the team believes|] .
[Temperatures|Sea levels|Oxygen levels] there have [risen|fallen] by {int:2-30} percent since
  {year} .
~ Unlike {probe} , its successor carries a {n2.adj} camera .
~ " Tell {uni2} we were first , " joked {p} .
~ It was {p2} 's assistant , {p3} , who noticed the footprints near {nature} .
""",
    "courts": """
heads:
[Former|Ex-] {co.bare} [boss|director] {p.last} jailed
{n.adj} court [clears|frees|convicts] {p.last}
{t.x} man denies murder
{p.last} sues {paper.x}
~ {court.x} overturns {law.x}
leads:
A court in {t} [jailed {p} , {age} , for {small} years|sentenced {p} , {age} , to {small} years in
  prison] on {day} for [stealing {fee} from {co}|the murder of {p5}] .
{court} ruled on {day} that [{law} was unconstitutional|{co} must pay {fee} to former workers] .
[Police|Prosecutors] in {t} charged {p} , a former [director of {co}|mayor] , with
  [fraud|bribery|perjury] .
~ The trial of {p} , once among the richest people in {n} , opened in {t} under heavy guard .
body:
The prosecution says {p} , who joined {co} in {recent} and left it {few} years later , used a
  company in {n2} , a bank account in {n3} and the name of a cousin , {p7} , to [hide {fee}|buy a
  hotel on {street}] .
Judge {p3} told {p} [there was no excuse .|that {p.he} had betrayed the trust of {p.his} staff .|:
  " You have shown no remorse . "]
Prosecutor {p2} said [the money was hidden in {n2}|{p} had fled to {n2}|witnesses had been
  threatened] .
{p} [pleaded not guilty|showed no emotion|smiled at {p.his} family] .
Lawyers for {co} said they would appeal to {court} .
The body was found [in a wood near {t2}|not far from {nature}|in a flat on {street}] in {month} .
{p4} , who lives on {street} , [told police {p4.he} had heard shots .|said : " It was like a film
  . "]
Under {law} , {imin} has {int:10-60} days to reply .
Detectives from {t2} [flew to|searched a villa in] {n2} .
{p6} , {age} , [of {t2} ,|] was [acquitted|fined {money.small}] .
{union} [paid|said it would pay] the legal costs of {p6} .
[The trial continues|The hearing resumes] on {day} in {t} .
{paper} [reported|said] that {p} owned [a house in {n2}|two yachts and a stake in {club}] .
Two {n2.people2} and a {n3.adj} [banker|accountant] are [wanted|being sought] in the case .
The [jury|court] was told of {small} [letters|payments|telephone calls] [in a single week|over
  {few} years|] .
[Bail|Parole] was [refused|set at {money.small},000|granted on {day}] .
~ Extradited from {n2} in {month} , {p6} is held in {t} prison .
~ {p2} asked {p} whether {co.bare} had ever owned " a single ship " .
~ " {co.bare} lied to {t} , " {p3} wrote .
""",
    "weather": """
heads:
[Floods leave|Storm leaves|Landslide leaves] {int:3-60} dead in {n.x}
[Mudslide|Landslide] buries school in {v.x}
{reg.x} [declares|lifts] emergency after [flood|fire]
Storm heads for {n2.x} [, schools shut|]
~ Snow cuts off {v.x}
leads:
[At least|More than] {int:3-60} people were killed when [a storm hit|floods swept through]
  [southern|northern|western|eastern] {n} on {day} .
A landslide after a week of rain buried part of {v} [in {n} |]on {day} , [destroying {int:20-90}
  houses|injuring dozens] .
Thousands of people fled their homes in {reg} on {day} as [fires spread|water rose in {river}] .
~ For the third winter running , {v} has been cut off from the rest of {n} .
body:
With bridges down between {v} and {v2} and the road to {n.t} under water , {aid} and the {n.adj}
  army [used boats to reach|dropped food over] villages along {river} , where [officials|{p}] said
  {int:2-9},000 people were [still waiting for help|sleeping in the open] .
{p} , governor of {reg} , [appealed to {aid} for tents|declared a state of emergency|toured the
  area by helicopter] .
{imin} [sent {int:20-90} trucks to {v}|said {int:2-40} people were missing] .
" [The water came in minutes|We lost everything] , " said {p2} , [a farmer in {v}|a nurse from
  {v}|who lives near {nature}] .
{aid} [flew|rushed] [blankets|medicine] to {n.t} .
Roads between {v} and {n.t} were [blocked|closed] [, cutting off {v2}|, {imin} said] .
[Rescue teams|Doctors] from {n2} and {n3} [arrived in|reached] {v} [on {day}|] .
The dam [near|above] {v2} [held|was not damaged] , engineer {p3} said .
Among the dead were {few} {n2.people2} and a {n3.adj} [priest|tourist|climber] .
Schools in {reg} and parts of {v2} [will stay closed|reopened on {day}] .
{n} was last hit by [floods|a storm] of this size in {year} , when {int:2-9}00 people died in {v2}
  .
Forecasters at {forecaster} expect [more rain|winds of {int:70-150} km an hour] [over {nature}|in
  {reg}] .
{p2} and {p2.his} children spent the night in a {faith} [school|meeting hall] in {v} .
The storm later crossed into {n2} , where [no damage was reported|{v3} lost power] .
Ferries to {v2} were cancelled and the {ship} [ran aground|was towed to {v3}] .
[Rain|Snow|Hail] fell for {few} [days|nights] [without a break|] and [rivers|temperatures] were
  [still rising|back to normal] on {day} .
[Power|Water|Telephone] lines were cut [in {small} districts|for {few} days|and roofs torn off] .
~ " Where is {p} ? " shouted a woman in {v} .
~ Half of {v2} , including {hospital} , has no drinking water .
~ Of {v} , little remains but the school .
""",
    "transport": """
heads:
{tunion.x} strike halts {carrier.bare} [trains|ferries|flights]
{airport.x} to get new runway
{ship} runs aground off {sea.x}
{carrier.x} orders {int:10-60} {prod.x} aircraft
~ All {prod.x} aircraft grounded
leads:
A strike by {tunion} [halted trains between {t} and {t2}|closed the line from {t} to {t2}] on
  {day} .
The ferry {ship} ran aground [off {sea}|near {t}] on {day} with {int:90-400} people on board .
{carrier} [ordered|cancelled an order for] {int:10-60} {prod} [aircraft|coaches|trains] on {day}
  [in a deal worth {money}|] .
{airport} [reopened|was closed] on {day} after [a bomb scare|a fire in the main terminal] .
~ Passengers bound for {t} slept on the floor at {airport} as the strike by {tunion} went on .
body:
The accident , the [second|third] on the {t} line this year , happened when [a goods train from
  {t2}|the {int:6-11}.{int:10-55} from {t2} to {city}] [passed a red signal|hit a lorry] near
  {street} , according to {transag} and a witness , {p4} .
{p} , [secretary|leader] of {tunion} , said [members would stay out until {day}|{carrier} had
  broken its word] .
{carrier} said [only one train in {small} was running|it hoped to resume flights to {city}] .
{transag} [is investigating|will report in {month}|blamed the signals] .
Captain {d} , a {n2.adj} [sailor|mariner] with {int:10-30} years at sea , [was the last to
  leave|had asked for a tug] .
All {int:20-90} passengers , most of them {n2.people} , were [unhurt|taken to {hospital}] .
The {prod} , built by {maker} in {t2} , [entered service in {year}|has crashed twice this year] .
Traffic on {street} [came to a standstill|was diverted] .
A bus from {t} to {airport} now takes {few} hours .
Trains from {city} to {city2} were [not affected|late] .
{tunion} [rejected|is considering] an offer of {rate} .
{carrier} runs services to {city} , {city2} and {n2.t} .
{tmin} [wants|plans] to [sell {carrier}|build a bridge to {reg}] .
Transport Minister {p3} [refused to meet|met] {p} at {tmin} [on {day}|] .
[Delays|Queues] of up to {small} hours were reported [on {day}|at noon|on the coast road] .
[Fares|Tolls] will rise by {int:2-30} percent [in {month}|from {date}|for the second time this
  year] .
~ " The {ship} was sound when she left {t} , " said {d} .
~ Without the {street} tunnel , a journey across {t} takes an hour .
~ {carrier.bare} 's {nth} {prod} left {airport} for {n2} on {date} .
""",
    "culture": """
heads:
{p.last} wins {prize.x}
{museum.x} [buys|sells] {n2.adj} painting
{n.adj} film opens {t.x} festival
{orch.x} cancels tour of {n2.x}
~ BOOKS - {p.last} returns to {t.x}
leads:
{n.adj} [novelist|director|composer] {p} won the {prize} on {day} for {title} .
{museum} in {t} [bought|unveiled] [a lost painting by {p2}|a {n2.adj} bronze] on {day} .
{title} , {p} 's [third|first|latest] [film|novel] , [opened|appeared] in {city} on {day} [to
  mixed reviews|] .
~ When {p} sat down to write {title} , {p.he} had not seen {t} for {int:12-30} years .
body:
{p} , who left {n} in {recent} and has since lived in {city} and {city2} , [said the idea for
  {title} came from|dedicated {title} to] [a neighbour on {street}|an old {lang} song|{q2} , who
  taught {p.him} at {uni}] .
{p} , {age} , [was born in {v}|lives in {city} and has a {n2.adj} mother|wrote {p.his} first play
  in {lang}] .
The [book|story] , [set in {nature.in}|about a family in {city}] , has been translated into {lang}
  and {lang2} .
{paper} called {title} " [a small masterpiece|hard going] " .
{p2} , [director of {museum}|a critic|a jury member] , said [the vote was unanimous|{p} deserved
  it] .
{orch} , conducted by {q} , will [play in {city}|tour {n2}] in {month} .
[Past|Earlier] winners of the {prize} include {q} and {q2} .
" I wrote it for {q3} , " {p} told {paper} .
{q2} plays [a {faith} teacher|a {n3.adj} spy|the young {p2.name}] in {title} .
The exhibition [moves to|opens at] {museum} in {month} .
{q2} [left|joined] the cast of {title2} [in {month}|] .
The library of {uni} [paid {money.small},000 for|has lent] {int:20-90} letters from {p2} to {q} .
A {lang} version of {title2} was banned in {n2} .
{press} will publish {title2} [in {n2}|next spring] .
The festival , sponsored by {co} , ends on {date} .
The [film|play|concert] lasts {few} hours and has [no|one] interval [, but nobody left early|] .
[Critics|Reviewers] were [divided|kind|less impressed] , [and half the seats were empty|but the
  hall was full] [on {day}|] .
~ {p2} once said that {p} " writes {lang} like a foreigner " .
~ On {street} , where {p} grew up , nobody has read {title} .
~ Not even {museum} knows how {p2} came to paint {n2} .
""",
    "technology": """
heads:
{tech.x} unveils {prod.x}
{tech.bare} [recalls|delays] {prod.x}
{regul.x} probes {tech.bare}
~ {prod.x} leak embarrasses {tech.bare}
leads:
{tech} [unveiled|launched] the {prod} on {day} , [its first computer for schools|a phone that
  costs {money.small}] .
{tech} is recalling {int:2-90},000 {prod} [telephones|laptops] sold in {n} and {n2} [because they
  overheat|] .
Hackers broke into the network of {uni} [and {tech} |]on {day} , {paper} said .
~ A fault in the {prod} shut cash machines from {t} to {city} on {day} .
body:
{tech} , which was little known outside {t} until it bought {tech2} for {money} , has sold more
  than {small} million copies of the {prod} in {n2} and {n3} and [hopes|plans] to bring out a
  {lang} edition before the end of {month} .
{p} , who founded {tech} in {t} in {recent} , [said|promised] the {prod} would [be cheaper than
  the {prod2}|sell {small} million copies] .
{tech2} [makes|supplies] the screens [in {n3}|at its plant in {t2}] .
{p2} , an analyst at {bank} , [doubts|expects] that {tech.bare} will [catch|overtake] {tech2.bare}
  [this year|] .
The {prod} runs on software from {tech2} [of {n2}|] .
Users in {n2} [complained of|reported] [flat batteries|lost messages] .
{tech} [hired|poached] {q} from {tech2} [in {month}|to run its {n2.adj} branch] .
{regul} [wants|has asked] {tech} to [explain|open its records] .
Engineers in {t2} are [translating the manual into {lang}|working on a {lang} version] .
" The {prod2} is dead , " said {p} [on a visit to {city}|] .
A {n2.adj} student , {d} , found the bug .
{law} [bars|stops] {tech} from [storing|selling] the data of {n.people} .
Patents for the {prod} belong to {uni} and {tech2} .
{tech} 's rivals , among them {tech2} and {tech3} , [were quick to react|said nothing] .
The [battery|screen|keyboard] [lasts|broke after] {few} [hours|days] [in tests|, users said|] .
[Software|Chip|Memory] prices have [halved|fallen by {int:11-60} percent] since {month} [, and may
  fall further|] .
~ Few in {t} remember that {tech.bare} once made typewriters .
~ {tech2.bare} calls it theft ; {tech.bare} calls it research .
~ Every pupil in {reg} will get a {prod} , paid for by {ministry} .
""",
    "conflict": """
heads:
[Rebels|Gunmen] [seize|attack] {v.x}
{land.adj} army [retakes|leaves] {v.x}
{aid.x} convoy reaches {v.x}
~ {faith} leaders plead for truce in {land.x}
leads:
[Rebels|Gunmen] [attacked|seized] [the town of |]{v} in [northern|southern|central] {land} on
  {day} , killing {int:2-30} [soldiers|people] .
{land.adj} troops [entered|shelled] {v} on {day} , [ending a two-month siege|{intl} said] .
{front} [freed|released] {few} {n2.people2} on {day} after {int:10-90} days in captivity .
~ With {v} in ruins and winter near , {front} has offered {land} a truce .
body:
{aid} , which [closed its office in {v2}|lost a truck convoy near {nature}] last month , said it
  would return to {land} as soon as {front} and the {land.adj} army [respected {law}|let its
  doctors pass] .
General {p} said [{v} was calm|the army controlled the road to {v2}|{front} had lost {int:20-90}
  men] .
{front} , [which is|] fighting for [independence|self-rule] in {reg} , [denied|admitted] [the
  attack|responsibility] .
A spokesman for {aid} in {land.t} said [refugees were crossing into {land2}|food had reached {v2}]
  .
{p2} , the rebel commander , [spoke to|told] {paper} [by radio|] from [a camp near
  {nature}|{land2}] .
{land2} [denies|has denied] arming {front} .
Villagers near {nature} [heard gunfire|buried their dead] .
{q} , a {q.adj} [doctor|nurse] with {aid} , said [the hospital in {v} was full|people were "
  eating grass "] .
[Most|Many] of the {faith} families have left {v} for {land2} .
President {p3} [ruled out|called for] talks with {p2} .
The fighting has killed {int:2-90},000 people since {recent} , when {front} [took|lost] {v2} .
A {n2.adj} [photographer|journalist] , {q2} , was [wounded|detained] near {v2} .
The bridge at {v2} , rebuilt by {n3.adj} engineers in {year} , was [blown up|undamaged] .
{intl} and {aid} [are feeding|want to feed] {int:20-90},000 people in {reg} .
[Shelling|Shooting] [went on|was heard] [all night|until noon|for {few} hours] [and then
  stopped|on {day}|] .
The army [gave no figures|lost {small} men|put the number of prisoners at {int:12-90}] [, a
  spokesman said|] .
~ " If {p2} comes to {land.t} , {p2.he} comes in chains , " {p3} said .
~ Across the border in {land2} , soldiers watched and waited .
~ {p} and {p2} were once classmates in {v} .
""",
    "health": """
heads:
{hospital.x} [closes ward|hires nurses]
{n.x} [reports|confirms] [cholera|measles|flu] cases
{aid.x} warns {n.x} over [malaria|polio|cholera]
~ {pharma.bare} pill fails {uni.x} trial
leads:
Doctors at {hospital} [said|reported] on {day} that a [drug|vaccine] made by {pharma} [had
  saved|could save] hundreds of lives .
{aid} [said|warned] on {day} that [cholera|measles] was spreading in {n} and {n2} .
{hmin} [closed|will close] {hospital} in {v} after {small} patients died .
~ There are {few} ambulances in {reg} , and on {day} none of them would start .
body:
In a letter to {paper} , {int:12-60} doctors from {hospital} and {uni} asked {hmin} why {n} ,
  unlike {n2} and {n3} , had [bought no {brand}|closed the laboratory in {v2}] and why {p3} had
  not answered their questions .
Dr {p} , who [runs|founded] {hospital} , said [beds were short|the outbreak was under
  control|{p.he} had never seen so many cases] .
{pharma} [sells|tested] the [drug|vaccine] , known as {brand} , in {n2} [and {n3}|] .
{p2} , {age} , a patient from {v} , said : " I feel [better|ten years younger] . "
A study by {uni} found that {pct} of {n.people} [smoke|sleep badly|eat too much salt] .
{hunion} says [its members|nurses] in {reg} work {int:50-80} hours a week .
Health Minister {p3} [blamed {aid} for the delay|thanked {aid} for its help] .
{aid} [sent|will send] {int:2-9}00,000 doses of {brand} to {n.t} .
[Cases|Deaths] were reported in {v} and {v2} and in the suburbs of {n.t} .
{p} trained at {uni} and [worked|later worked] in {n2} for {few} years .
{brand} [costs|will cost] {money.small} a dose in {n2} .
Some {faith} groups [oppose|support] the campaign .
{hospital} was [named after|built by] {d} , a {n2.adj} missionary .
[Patients|Visitors] should [wash their hands|stay at home|drink boiled water] [for {few} days|,
  doctors advise|] .
[Symptoms|Side effects] include [fever|headaches|a dry cough] and [may last {few} weeks|are mostly
  mild] .
~ {p2} , whom {hospital} had sent home twice , died in {n.t} on {date} .
~ Shares in {pharma} rose , but {p} is not so sure about {brand} .
~ " {v} has one doctor , and that is me , " says {p} .
""",
}

# --------------------------------------------------------------------------------------
# Templates: sentences that fit into any story
# --------------------------------------------------------------------------------------

GENERAL_NAMED = """
{p} [could not be reached|was not available|is on holiday in {n9}|declined an interview] [on
  {day}|] .
[Asked|Pressed] about the reports , {p} [said|replied] : " Ask me [tomorrow|next week|in {month}]
  . "
The news was first reported by {paper9} [on {day}|] .
{p} [spoke|was speaking] [in {city9}|at a conference in {city9}|to {n9.adj} television] .
( Reporting by {p8*} in {city9} )
( {city9} newsroom , fax {int:100-999}-{int:1000-9999} )
A similar [plan|case|idea] [failed|was tried] in {n9} in {year} .
{p} [later |]flew to {city9} [for a family wedding|on a private visit|] .
[Unlike|Like] {q8} , {p} [has never given an interview|rarely speaks in public|is no stranger to
  controversy] .
One [observer|visitor|official] , {q8} , [compared it to|said it reminded {q8.him} of] [{n9} in
  {year}|a {n9.adj} comedy] .
[{n9.adj}|{faith9}] [leaders|groups] [welcomed|criticised] [the news|the decision] .
[Newspapers|Commentators] in {n9} [paid little attention|took the side of {p}|were not convinced]
  .
A spokesman for {p} said {p.he} was [on a train to {city9}|ill|in {city9} and would not comment] .
[For|To] {p} , [{city9}|{n9}] is [a second home|a long way away|familiar ground] .
{q8} , writing in {paper9} , [asked the same question|praised {p}|was less sure] .
Even in {city9} , [people|the papers] [talked of little else|asked what {p} would do next] .
~ {q8} , who knows {p} well , was less polite .
~ In a letter to {paper9} , {q8} asked why nobody had told {city9} .
~ First {n9} , then {city9} : {p} has been travelling all week .
"""

GENERAL_PLAIN = """
[Officials|Ministers|Managers|Witnesses] [declined to comment|gave no further details|refused to
  say more] [on {day}|at the weekend|] .
[The figures|The details|Full figures] [will be published|are due] [on {date}|next {day}|in
  {month}] .
[Nobody|No one] was [hurt|injured|arrested] , [police|officials|witnesses] said [on {day}|] .
" [It|This] [is|was] [a difficult|a sad|a great|an important|a terrible] [day|decision|moment] for
  [all of us|everyone here|our children] , " [he|she|a spokesman|one of them] [said|added] .
" [We|They] [have|had] [no choice|no time to lose|nothing to hide|little to fear] , " [he|she|the
  spokeswoman] [said|told reporters|added with a smile] .
[Costs|Prices|Sales|Complaints] have [risen|fallen|doubled|halved] [since {month}|in {few}
  years|since {year}] .
A [decision|report|ruling|statement] is [expected|due] [by|before] [{day}|{date}|the end of
  {month}] .
[More than|About|At least|Fewer than] {int:12-98} [people|families|workers|volunteers] [took
  part|signed the petition|were waiting outside|stayed away] [on {day}|] .
[Critics|Supporters|Experts|Analysts] say [the plan|the move|the change] [will cost too much|came
  too late|is long overdue|makes little sense|may yet fail] .
[It was not clear|Nobody knows|It is too early to say] [who would pay|how long it would last|why
  it took so long|what would happen next] .
Work [began|started] in {month} [and should take {few} years|but was soon delayed|and is still
  going on] .
The [meeting|hearing|session|ceremony] [lasted|took] {few} hours and [ended without
  agreement|ended in applause|was closed to reporters] .
[Heavy rain|Strong wind|Bad weather|Fog] [delayed the start|kept crowds away|made things worse]
  [on {day}|in the morning|] .
[Some|Many|Most] [shops|schools|offices|restaurants] [stayed closed|reopened|closed early] [on
  {day}|for the day|at noon] .
[Last year|In {year}|A decade ago] the [figure|total|number] was {int:11-99},{int:100-999} .
[Tickets|Copies|Seats] cost {money.small} [and sold out within hours|each|, twice as much as in
  {year}] .
[Police|Security guards|Stewards] [made {int:3-60} arrests|kept the two groups apart|sealed off
  the area] [on {day}|shortly after midnight|] .
[The answer|The reason|The truth] [is simple|may never be known|will surprise nobody] .
[Talks|Negotiations|Discussions] [resume|restart|continue] on {day} [, behind closed doors|] .
[But|Yet] [problems|doubts|hopes] [remain|are growing|have not gone away] [, officials say|, one
  expert warned|] .
[Spring|Summer|Autumn|Winter] [came early|was unusually dry|brought little relief] [this year|in
  {year}|] .
[He|She] has {few} children [and lives in the country|and a dog|, all of them grown up] .
[He|She] [did n't|would n't] [say when|say why|mention the cost|answer questions] [on {day}|] .
[Prices|Wages|Rents] ca n't [rise|stay this low] for ever , [he|she|one economist] [said|warned] .
[At the same time|In the end|Meanwhile] , [nothing changed|the crowd went home|the phones kept
  ringing] .
[Good|Bad] news [travels fast|is rare these days|was in short supply] [, as they say|this
  {month}|] .
[Hundreds|Dozens|Thousands] of [letters|messages|calls] [have arrived|came in] [since {day}|within
  a week|from all over the country] .
Under the [agreement|plan|new rules] , [each side|every household|the buyer] will pay
  {money.small} [a year|a month] .
Children under {int:10-16} [do not|need not] pay [on {day}|at weekends|] .
[Full|Final|Official] results are expected [on {day}|by {date}|within {few} days] .
The [document|letter|report] , [dated {date}|marked secret|which runs to {int:20-400} pages] , was
  [leaked on {day}|not signed] .
[Neighbours|Friends|Colleagues] described [him|her] as [quiet|a hard worker|kind|ambitious] [and
  well liked|] .
[Two|Three|Four] [men|women] were [questioned|arrested] [on {day}|and later freed|and freed
  without charge] .
There [is|was] [no hurry|no sign of panic|little time left|nothing new in the report] [, officials
  said|on {day}|] .
" Tell [me|them|us] [again|the truth] [in {month}|when it is over|next year] , " [he|she] said
  [with a laugh|] .
The [work|job|repair] will cost [about|more than|at least] {fee} [and take until {month}|] .
[Everything|Nothing] [went according to plan|is ready|was left to chance] [, an official said|this
  time|] .
[Yesterday|This week|In {month}] it was the turn of the [teachers|farmers|bankers|students] [to
  complain|] .
[Half|A third|A quarter] of the [money|budget|crowd|staff] [has gone|never arrived|came from
  abroad] .
The [door|gate|safe] was [locked|open|guarded] , and the [key|papers|lights] had [gone|been left
  behind] .
[Since|After] {month} , [little|much|a great deal] has [changed|been said|been promised] .
That [may|will|could] [change|end] [next {day}|in {month}|before long] [, some believe|] .
[Asked why|Asked how|When asked] , [he|she] [shrugged|pointed at the sky|changed the subject|read
  from a statement] .
The [minister|mayor|director|chairman] [has|had] [another|a different] [idea|plan|view] [,
  however|] .
" [Time|Patience|Money] is [running out|not the problem|what we need] , " [a diplomat|an
  official|a student|a driver] said [on {day}|] .
[Television|Radio] [showed|broadcast] [the scenes|the speech|pictures of the crowd] [live|all
  day|without comment] .
[Morning|Evening|Weekend] [services|trips|sessions] are [free|fully booked|cancelled] [until
  {month}|until {date}|] .
The [building|hall|house] dates from {year} and [has been empty since {recent}|was once a
  school|needs a new roof] .
~ Why [, then ,|] did [nobody|no one] [notice|object|ask] [for {few} years|until {month}|] ?
~ Rumours [spread|had spread] [quickly|by {day}] , [and most of them were false|and some were
  true] .
~ Not everyone [agrees|was happy|is convinced] [, however|about that|] .
~ [First|Second|Finally] , there is the question of [money|trust|age|the {int:3-80} jobs] .
~ Twice [in {month}|this year|since {year}] the [roof|fence|clock] had been
  [repaired|stolen|painted] .
"""

# --------------------------------------------------------------------------------------
# Names: what a member of the cast is called
# --------------------------------------------------------------------------------------

HELD_OUT = {"valid": range(72, 86), "test": range(86, 100)}  # percent of the words


def home_of(word: str) -> str:
    """The split a word for names belongs to: training (seven in ten), valid or test.

    It depends on the word alone, so a word held out as a town is held out as
    a surname too.
    """
    percent = zlib.crc32(word.encode()) % 100
    return next((split for split, range_ in HELD_OUT.items() if percent in range_), "train")


@dataclass(frozen=True)
class Name:
    """One form of a name: the entity, its type, and the article that stands before it."""

    text: str
    label: str = ""
    article: str = ""

    def bare(self) -> "Name":
        """The same without article, for headlines and for use before a noun."""
        return Name(self.text, self.label)


@dataclass
class Member:
    """Somebody or something in a story: how it is introduced, how it is called later."""

    first: list[Name]
    later: list[list[Name]]
    forms: dict[str, list[Name]] = field(default_factory=dict)


class Pool:
    """Where the names of one story come from: its split, its culture, its random numbers."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng = rng
        self.split = split
        home = self.chance(0.42)
        self.home = "english" if home else rng.choice(sorted(CULTURES))
        self.taken: set[str] = set()
        self.nation = self.country(self.home)

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.rng.random() < share

    def pick(self, options: Sequence[str]) -> str:
        """Choose a word that this split may use, preferably one the story has not used."""
        known = [word for word in options if home_of(word) == "train"]
        new = [word for word in options if home_of(word) == self.split != "train"]
        groups = [new, known] if self.chance(NEW_NAMES) else [known, new]
        fresh = [[word for word in group if word not in self.taken] for group in groups]
        choice = next(group for group in [*fresh, *groups] if group)
        word = self.rng.choice(choice)
        self.taken.add(word)
        return word

    def word(self, kind: str) -> str:
        """`pick` from one of the `LISTS`."""
        return self.pick(LISTS[kind])

    def common(self, kind: str) -> str:
        """Any word of one of the `LISTS`, for the parts that names of a kind share."""
        return self.rng.choice(LISTS[kind])

    def culture(self, abroad: bool = False) -> str:
        """The story's culture, mostly; any other for somebody from abroad."""
        if abroad or self.chance(0.04):
            return self.rng.choice(sorted(CULTURES))
        return self.home

    def country(self, culture: str | None = None) -> Country:
        """A country that this split may use: of the culture where it has one, or any."""
        rows = CULTURES[culture].countries if culture else []
        rows = [row for row in rows if home_of(row.name) in ("train", self.split)] or COUNTRIES
        name = self.pick([row.name for row in rows])
        return next(row for row in rows if row.name == name)

    def town(self) -> str:
        """An invented town of the story's culture, or a plain English one."""
        towns = [t for t in CULTURES[self.home].towns if home_of(t) in ("train", self.split)]
        return self.pick(towns or STEMS)

    def surname(self, culture: str) -> str:
        """A surname; English ones are often towns as well."""
        if culture == "english" and self.chance(0.55):
            return self.pick(STEMS)
        return self.pick(CULTURES[culture].surnames)


def name(text: str, label: str) -> Name:
    """Read a name that may begin with an article."""
    article, _, rest = text.partition(" ")
    return Name(rest, label, "the") if article == "the" else Name(text, label)


def plain(text: str) -> list[Name]:
    """Words that are no name."""
    return [Name(text)]


def one(text: str, label: str) -> Member:
    """A member with a single form."""
    named = [name(text, label)]
    return Member(named, [named], {})


def the(text: str, label: str) -> Member:
    """A member with a single form that takes the article."""
    return one(f"the {text}", label)


def person(pool: Pool, culture: str | None = None, surname: str | None = None) -> Member:
    """A man or woman: full name first, surname later; country and pronouns as other forms."""
    culture = culture or pool.culture()
    people = CULTURES[culture]
    woman = pool.chance(0.45)
    first = pool.pick(people.women if woman else people.men)
    last = surname or pool.surname(culture)
    middle = f" {pool.rng.choice('ABCDEFGHJKLMNPRSTW')}." if pool.chance(0.06) else ""
    full = f"{first}{middle} {last}"
    country = pool.country(culture)
    forms = {
        "full": [Name(full, "PER")],
        "last": [Name(last, "PER")],
        "name": [Name(last, "PER")],
        "init": [Name(f"{first[0]}. {last}", "PER")],
        "n": [name(country.name, "LOC").bare()],
        "adj": [Name(country.adjective, "MISC")],
        "he": plain("she" if woman else "he"),
        "his": plain("her" if woman else "his"),
        "him": plain("her" if woman else "him"),
    }
    return Member(forms["full"], [forms["last"]] * 4 + [forms["full"]], forms)


def foreigner(pool: Pool) -> Member:
    """A person from anywhere."""
    return person(pool, pool.culture(abroad=True))


def nation(pool: Pool, country: Country | None = None) -> Member:
    """A country with its adjective, its people and two of its cities."""
    country = country or pool.country()
    adjective = Name(country.adjective, "MISC")
    people = [Name(country.people, "MISC")] if country.people else None
    cities = [c for c in country.cities if home_of(c) in ("train", pool.split)]
    first = pool.pick(cities or [pool.town()])
    others = [c for c in cities if c != first]
    member = one(country.name, "LOC")
    member.forms = {
        "adj": [adjective],
        "people": people or [adjective, *plain("citizens")],
        "people2": people or [adjective, *plain("nationals")],
        "t": [Name(first, "LOC")],
        "t2": [Name(pool.pick(others or [pool.town()]), "LOC")],
    }
    return member


def land(pool: Pool) -> Member:
    """An invented country."""
    chosen = pool.pick([each.name for each in LANDS])
    return nation(pool, next(each for each in LANDS if each.name == chosen))


def city(pool: Pool) -> Member:
    """A real city, of any country."""
    return one(pool.pick([each for row in COUNTRIES for each in row.cities]), "LOC")


def town(pool: Pool) -> Member:
    """An invented town."""
    return one(pool.town(), "LOC")


WATERS = ["Lake {}", "the River {}", "the {} River", "the {} Valley", "Lake {}"]
COASTS = ["Cape {}", "the Gulf of {}", "the {} Islands", "the {} Peninsula", "the Strait of {}"]
HEIGHTS = ["Mount {}", "the {} Mountains", "Mount {}", "the {} Glacier"]


def landscape(*patterns: str) -> Callable[[Pool], Member]:
    """A maker of lakes, mountains, capes …"""

    def make(pool: Pool) -> Member:
        member = one(pool.rng.choice(patterns).format(pool.word("nature")), "LOC")
        member.forms["in"] = [*plain("villages around"), *member.first]
        return member

    return make


def region(pool: Pool) -> Member:
    """A province or county."""
    county = pool.home == "english" and pool.chance(0.6)
    return one(f"{pool.pick(STEMS)} County" if county else pool.word("province"), "LOC")


def venue(pool: Pool) -> Member:
    """A stadium, named after a street, a person or a town."""
    stem = pool.rng.choice([pool.word("street"), pool.surname(pool.home), pool.town()])
    return one(f"{stem} {pool.rng.choice(['Park', 'Road', 'Stadium', 'Arena'])}", "LOC")


def airport(pool: Pool) -> Member:
    """An airport, named after a town or a person."""
    stem = pool.town() if pool.chance(0.7) else pool.surname(pool.home)
    return one(f"{stem} {pool.rng.choice(['Airport', 'International Airport'])}", "LOC")


def street(pool: Pool) -> Member:
    """A street, named after what stands there or after a town."""
    stem = pool.word("street") if pool.chance(0.7) else pool.pick(STEMS)
    return one(f"{stem} {pool.rng.choice(['Street', 'Road', 'Lane', 'Square'])}", "LOC")


def company(*sectors: str) -> Callable[[Pool], Member]:
    """A maker of companies, often named after the founder; later without Inc or Ltd."""

    def make(pool: Pool) -> Member:
        sector = pool.rng.choice(sectors) if sectors else pool.common("sector")
        surname = pool.surname(pool.home)
        founded, style = pool.chance(0.5), pool.rng.random()
        if founded and style < 0.35:
            stem = core = f"{surname} & {pool.surname(pool.home)}"
        elif founded:
            stem, core = surname, f"{surname} {sector}"
        else:
            stem = company_stem(pool, style)
            core = stem if style < 0.3 else f"{stem} {sector}"
        full = f"{core} {pool.common('suffix')}" if pool.chance(0.55) or core == stem else core
        bare, later = [Name(stem, "ORG")], [Name(core, "ORG")]
        founder = person(pool, pool.home, surname if founded else None).first
        forms = {"bare": bare, "founder": founder, "x": later}
        return Member([Name(full, "ORG")], [later, later, bare], forms)

    return make


def company_stem(pool: Pool, style: float) -> str:
    """The first word of a company without a founder: coined, a town or letters."""
    if style < 0.55:
        return pool.word("coined")
    if style < 0.8:
        return pool.town()
    return "".join(pool.rng.sample("ABCDEGHKLMNPRSTVZ", 3))


def bank(pool: Pool) -> Member:
    """A commercial bank or broker."""
    stem = pool.rng.choice([pool.town(), pool.word("coined"), pool.surname(pool.home)])
    kind = pool.rng.choice(["Bank", "Savings Bank", "Securities", "Capital", "Brothers"])
    return one(f"{stem} {kind}", "ORG")


def central_bank(pool: Pool) -> Member:
    """The central bank: of a place, or by its own kind of name."""
    kinds = ["the Bank of {}", "the National Bank of {}", "the Reserve Bank of {}"]
    pattern = pool.rng.choice(kinds)
    return one(pattern.format(name(pool.nation.name, "LOC").text), "ORG")


def agency(text: str, pool: Pool) -> Member:
    """A public body: full name, often with its letters in brackets, which then serve alone."""
    letters = "".join(word[0] for word in text.split() if word[0].isupper())
    full, short = Name(text, "ORG", "the"), Name(letters, "ORG", "the")
    if len(letters) < 3 or pool.chance(0.4):
        return Member([full], [[full]], {"x": [full.bare()]})
    first = [full, Name("("), short.bare(), Name(")")]
    return Member(first, [[short]], {"x": [full.bare()]})


def body(kind: str, *offices: str) -> Callable[[Pool], Member]:
    """A maker of agencies: scope, field of work and office."""

    def make(pool: Pool) -> Member:
        office = pool.rng.choice(offices)
        return agency(f"{pool.common('scope')} {pool.word(kind)} {office}", pool)

    return make


def space_agency(pool: Pool) -> Member:
    """An agency for space flight, some of them with a country in their name."""
    scope = pool.country().adjective if pool.chance(0.4) else pool.common("scope")
    kind = pool.rng.choice(["Space Agency", "Space Research Organisation", "Aerospace Centre"])
    return agency(f"{scope} {kind}", pool)


def ministry_of(*portfolios: str) -> Callable[[Pool], Member]:
    """A maker of ministries, in either order of words."""

    def make(pool: Pool) -> Member:
        word = pool.rng.choice(portfolios) if portfolios else pool.common("portfolio")
        if pool.chance(0.5) and " " not in word:
            return the(f"{word} Ministry", "ORG")
        return the(f"Ministry of {'the ' if word == 'Interior' else ''}{word}", "ORG")

    return make


def party(pool: Pool) -> Member:
    """A political party, of two or three words."""
    text = f"{pool.word('partyword')} {pool.common('partykind')}"
    return agency(f"{pool.word('partyword')} {text}" if pool.chance(0.3) else text, pool)


def union(*trades: str) -> Callable[[Pool], Member]:
    """A maker of trade unions."""
    patterns = ["National Union of {}", "{} ' Federation", "United {} ' Union", "{} ' Union"]

    def make(pool: Pool) -> Member:
        trade = pool.rng.choice(trades) if trades else pool.word("trade")
        return the(pool.rng.choice(patterns).format(trade), "ORG")

    return make


def front(pool: Pool) -> Member:
    """A rebel movement."""
    kind = pool.rng.choice(["Liberation Front", "Liberation Army", "Resistance Movement"])
    return the(f"{pool.word('province')} {kind}", "ORG")


def club(pool: Pool) -> Member:
    """A sports club: full name, its city alone, or its nickname alone."""
    place = pool.town()
    if pool.chance(0.3):
        place = city(pool).first[0].text
    foreign = pool.home != "english" and pool.chance(0.7)
    nick = pool.word("prefix" if foreign else "nick")
    full = [Name(f"{nick} {place}" if foreign else f"{place} {nick}", "ORG")]
    by_city = [Name(place, "ORG")]
    by_nick = [Name(nick, "ORG")] if nick not in ("FC", "AC", "Real") else full
    short = pool.rng.choice([by_city, by_nick, full])
    forms = {"city": by_city, "nick": by_nick, "t": [Name(place, "LOC")], "short": short}
    return Member(full, [full, by_city, by_nick], forms)


def university(pool: Pool) -> Member:
    """A university, mostly named after a place."""
    patterns = ["the University of {}", "{} University", "the {} Institute of Technology"]
    return one(pool.rng.choice(patterns).format(pool.town()), "ORG")


def hospital(pool: Pool) -> Member:
    """A hospital, named after a saint, a town or a person."""
    options = [f"St {pool.word('saint')} Hospital", f"{pool.town()} General Hospital"]
    options += [f"{pool.surname(pool.home)} Memorial Hospital", f"{pool.town()} Infirmary"]
    return one(pool.rng.choice(options), "ORG")


def museum(pool: Pool) -> Member:
    """A museum or gallery."""
    kinds = ["the {} Museum", "the {} Gallery", "the {} Museum of Modern Art", "the {} Collection"]
    stem = pool.rng.choice([pool.town(), pool.surname(pool.home)])
    return one(pool.rng.choice(kinds).format(stem), "ORG")


def orchestra(pool: Pool) -> Member:
    """An orchestra or choir."""
    kinds = ["Philharmonic", "Symphony Orchestra", "Chamber Choir", "String Quartet"]
    return the(f"{pool.town()} {pool.rng.choice(kinds)}", "ORG")


def newspaper(pool: Pool) -> Member:
    """A newspaper."""
    stem = pool.rng.choice(["Daily", "Evening", "Sunday", pool.town(), pool.town()])
    return the(f"{stem} {pool.common('masthead')}", "ORG")


def journal(pool: Pool) -> Member:
    """A scientific journal, an organisation as CoNLL-2003 sees it."""
    subjects = ["Climate", "Geological", "Botanical", "Polar", "Zoological", "Marine"]
    pattern = pool.rng.choice(["the Journal of {} Science", "the {} Review", "{} Letters"])
    return one(pattern.format(pool.rng.choice(subjects)), "ORG")


def event(*kinds: str) -> Callable[[Pool], Member]:
    """A maker of cups, races and other events of these kinds; with none, of any kind."""

    def make(pool: Pool) -> Member:
        kind = pool.rng.choice(kinds) if kinds else pool.common("eventkind")
        words_before = [pool.word("eventword"), pool.town(), pool.country().adjective]
        options = [f"{first} {kind}" for first in words_before]
        if not kinds:
            scope = pool.rng.choice(["World", "European"])
            options.append(f"{scope} {pool.common('sportkind')} Championships")
        if "Classic" in kinds:
            options.append(f"Tour of {name(pool.country().name, 'LOC').text}")
        return the(pool.rng.choice(options), "MISC")

    return make


def law(pool: Pool) -> Member:
    """A law or treaty."""
    if pool.chance(0.25):
        kind = pool.rng.choice(["Treaty of {}", "{} Accord", "{} Convention"])
        return the(kind.format(pool.town()), "MISC")
    return the(f"{pool.word('lawword')} {pool.common('lawkind')}", "MISC")


def product(pool: Pool) -> Member:
    """A thing that is sold under a name."""
    version = pool.rng.choice(["300", "X2", "5", "70", "GT", "Mini", "Pro", "2000", "S4", "XL"])
    return one(f"{pool.word('product')} {version}", "MISC")


def title(pool: Pool) -> Member:
    """A film or book between quotation marks, which are not part of it."""
    text = f"{pool.word('noun1')} {pool.word('noun2')}"
    patterns = ["The {}", "{}", "A {}", "Return to the {}", "The {} of " + pool.town()]
    named = Name(pool.rng.choice(patterns).format(text), "MISC")
    return Member([Name('"'), named, Name('"')], [[Name('"'), named, Name('"')]], {})


def prize(pool: Pool) -> Member:
    """A prize, without its article."""
    own = f"{pool.surname(pool.culture(True))} {pool.rng.choice(['Prize', 'Medal', 'Award'])}"
    return one(own if pool.chance(0.5) else pool.word("prize"), "MISC")


def language(pool: Pool) -> Member:
    """A language: the adjective of some country that has one of its own."""
    tongues = words(
        """Norwegian Swedish Danish Finnish German Dutch French Spanish Portuguese Italian Polish
        Russian Ukrainian Bulgarian Serbian Czech Arabic Swahili Hausa Hindi Urdu Tamil Bengali
        Japanese Korean Vietnamese Turkish Greek Welsh Basque Catalan Hungarian"""
    )
    return one(pool.pick(tongues), "MISC")


def probe(pool: Pool) -> Member:
    """A spacecraft."""
    return one(f"{pool.word('probe')} {pool.rng.randint(1, 12)}", "MISC")


def brand(pool: Pool) -> Member:
    """The brand of a drug."""
    start = pool.rng.choice(["Vel", "Zan", "Cor", "Oxi", "Lam", "Trem", "Pul", "Neuro", "Gas"])
    end = pool.rng.choice(["idon", "april", "axin", "umed", "ivir", "octane", "ophen"])
    return one(start + end, "MISC")


def listed(kind: str, label: str) -> Callable[[Pool], Member]:
    """A maker that takes the name from one of the `LISTS` as it stands."""
    return lambda pool: one(pool.word(kind), label)


MAKERS: dict[str, Callable[[Pool], Member]] = {
    "p": person,
    "q": foreigner,
    "n": nation,
    "land": land,
    "city": city,
    "t": town,
    "v": town,
    "nature": landscape(*WATERS, *HEIGHTS),
    "sea": landscape(*COASTS),
    "mount": landscape(*HEIGHTS),
    "river": landscape(*WATERS),
    "reg": region,
    "venue": venue,
    "airport": airport,
    "street": street,
    "co": company(),
    "carrier": company("Rail", "Lines", "Transport", "Express", "Coaches", "Airways"),
    "maker": company("Works", "Motors", "Aerospace", "Engineering", "Carriages"),
    "press": company("Publishing", "Books", "Press", "Editions"),
    "tech": company("Software", "Electronics", "Systems", "Telecom", "Computers", "Devices"),
    "pharma": company("Pharmaceuticals", "Laboratories", "Biotech", "Chemicals", "Pharma"),
    "bank": bank,
    "cbank": central_bank,
    "regul": body("regulates", "Commission", "Authority", "Office"),
    "transag": body("carries", "Authority", "Board", "Agency", "Commission"),
    "forecaster": body("forecasts", "Service", "Institute", "Office"),
    "sportbody": body("sportkind", "Federation", "Association", "Union"),
    "stat": body("counts", "Office", "Bureau", "Institute"),
    "space": space_agency,
    "ministry": ministry_of(),
    "tmin": ministry_of("Transport"),
    "fmin": ministry_of("Finance"),
    "hmin": ministry_of("Health"),
    "imin": ministry_of("Interior", "Justice", "Civil Protection"),
    "party": party,
    "union": union(),
    "tunion": union("Railwaymen", "Dockers", "Pilots", "Seafarers", "Drivers", "Signalmen"),
    "hunion": union("Nurses", "Doctors", "Midwives", "Ambulance Drivers"),
    "front": front,
    "club": club,
    "uni": university,
    "hospital": hospital,
    "museum": museum,
    "orch": orchestra,
    "paper": newspaper,
    "journal": journal,
    "intl": listed("intl", "ORG"),
    "aid": listed("aid", "ORG"),
    "fund": listed("fund", "ORG"),
    "bloc": listed("bloc", "ORG"),
    "court": listed("court", "ORG"),
    "league": lambda pool: the(pool.word("league"), "MISC"),
    "event": event(),
    "cup": event("Cup", "Shield", "Trophy"),
    "open": event("Open", "Masters", "International"),
    "race": event("Classic", "Grand Prix", "Marathon", "Rally"),
    "law": law,
    "prod": product,
    "title": title,
    "prize": prize,
    "lang": language,
    "faith": listed("faith", "MISC"),
    "ship": listed("ship", "MISC"),
    "probe": probe,
    "brand": brand,
}

# --------------------------------------------------------------------------------------
# Fillers: words that are no names
# --------------------------------------------------------------------------------------


COINS = ["euros", "pounds", "dollars"]


def money(rng: random.Random) -> str:
    """An amount as a company pays it."""
    amount = f"{rng.randint(1, 90)}.{rng.randint(1, 9)}"
    unit = rng.choice(["million", "million", "billion"])
    return rng.choice([f"$ {amount} {unit}", f"{amount} {unit} euros", f"{amount} {unit} pounds"])


def record(rng: random.Random) -> str:
    """A line of a league table: played, won, drawn, lost, goals for and against, points."""
    won, drawn, lost = (rng.randint(1, 12) for _ in range(3))
    goals = f"{won * 2 + rng.randint(2, 9)} {lost * 2 + rng.randint(2, 9)}"
    return f"{won + drawn + lost} {won} {drawn} {lost} {goals} {won * 3 + drawn}"


def match_score(rng: random.Random) -> str:
    """A score in which the first side wins."""
    loser = rng.randint(0, 3)
    return f"{loser + rng.randint(1, 3)}-{loser}"


FILLERS: dict[str, Callable[[random.Random], str]] = {
    "day": lambda rng: rng.choice(LISTS["day"]),
    "month": lambda rng: rng.choice(LISTS["month"]),
    "date": lambda rng: f"{rng.choice(LISTS['month'])} {rng.randint(1, 28)}",
    "year": lambda rng: str(rng.randint(1948, 2019)),
    "age": lambda rng: str(rng.randint(31, 68)),
    "recent": lambda rng: str(rng.randint(1979, 2019)),
    "sportage": lambda rng: str(rng.randint(18, 36)),
    "few": lambda rng: rng.choice(["two", "three", "four", "five", "six"]),
    "small": lambda rng: rng.choice(LISTS["small"]),
    "nth": lambda rng: rng.choice(["third", "fourth", "fifth", "sixth", "seventh", "tenth"]),
    "pct": lambda rng: f"{rng.randint(1, 48)}.{rng.randint(1, 9)} percent",
    "money": money,
    "money.small": lambda rng: f"$ {rng.randint(3, 95)}",
    "share": lambda rng: f"{rng.randint(21, 69)}.{rng.randint(0, 9)} percent",
    "rate": lambda rng: f"{rng.randint(1, 12)}.{rng.randint(0, 9)} percent",
    "fee": lambda rng: f"{rng.randint(1, 9)}.{rng.randint(1, 9)} million {rng.choice(COINS)}",
    "score": match_score,
    "draw": lambda rng: rng.choice(["0-0", "1-1", "2-2", "3-3"]),
    "halftime": lambda rng: f"{rng.randint(0, 2)}-{rng.randint(0, 2)}",
    "record": record,
    "set": lambda rng: rng.choice(["6-4", "6-3", "7-5", "6-2", "7-6", "6-1", "6-0"]),
    "sport.upper": lambda rng: rng.choice(["ATHLETICS", "CYCLING", "ROWING", "SKIING", "JUDO"]),
}


def filler(slot: str, rng: random.Random) -> str | None:
    """The words for a slot that is no name; None if it is one."""
    if slot.startswith("int:"):
        low, high = slot[4:].split("-")
        return str(rng.randint(int(low), int(high)))
    return FILLERS[slot](rng) if slot in FILLERS else None


# --------------------------------------------------------------------------------------
# From template to sentence
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """A sentence with slots; `unseen` ones are kept from training."""

    text: str
    unseen: bool = False


def templates_of(text: str) -> list[Template]:
    """Read templates, one a line; an indented line goes on with the one before."""
    lines = re.sub(r"\n +", " ", text.strip()).splitlines()
    return [Template(line.lstrip("~ "), line.startswith("~")) for line in lines]


def sections_of(text: str) -> dict[str, list[Template]]:
    """Read the ``heads``, ``leads`` and ``body`` of a theme."""
    parts = re.split(r"^(heads|leads|body):$", text.strip(), flags=re.MULTILINE)[1:]
    return {kind: templates_of(lines) for kind, lines in zip(parts[::2], parts[1::2], strict=True)}


SECTIONS = {theme: sections_of(text) for theme, text in THEMES.items()}
NAMED = templates_of(GENERAL_NAMED)
PLAIN = templates_of(GENERAL_PLAIN)


def templates() -> list[Template]:
    """All templates there are."""
    themed = [t for theme in SECTIONS.values() for part in theme.values() for t in part]
    return [*themed, *NAMED, *PLAIN]


CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([^{}]+)\}")
MEMBER = re.compile(r"([a-z]+)(\d*\*?)(?:\.(\w+))?")
HOMES = {"d": "2", "e": "3"}  # {d} comes from {n2} and {e} from {n3}
SHORT = {"last", "bare", "city", "nick", "short"}  # forms that come after the full name


def choose(text: str, rng: random.Random) -> str:
    """Settle every ``[a|b]``, the innermost first."""
    while match := CHOICE.search(text):
        chosen = rng.choice(match[1].split("|"))
        text = text[: match.start()] + chosen + text[match.end() :]
    return " ".join(text.split())


def fill(text: str, rng: random.Random) -> str:
    """Put in the words that are no names; the slots that are left stand alone between spaces."""
    return SLOT.sub(lambda slot: filler(slot[1], rng) or slot[0], text)


class Story:
    """One document in the making: its theme, its cast and who has been introduced."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng = rng
        self.pool = Pool(rng, split)
        self.cast: dict[str, Member] = {}
        self.introduced: set[str] = set()

    def sentence(self, template: Template, headline: bool = False) -> Sentence:
        """Fill a template in; headlines drop articles and are mostly in capitals."""
        parts: list[Name] = []
        for token in fill(choose(template.text, self.rng), self.rng).split():
            slot = SLOT.fullmatch(token)
            parts.extend(self._names(slot[1], headline) if slot else plain(token))
        self.cast = {key: who for key, who in self.cast.items() if not key.endswith("*")}
        self.introduced = {key for key in self.introduced if key in self.cast}
        if headline:
            parts = [part.bare() for part in parts]
        return assemble(parts, capitals=headline and self.pool.chance(0.65))

    def _names(self, slot: str, headline: bool) -> list[Name]:
        """What a slot stands for at this point of the story."""
        match = MEMBER.fullmatch(slot)
        assert match, f"{slot} is not a slot"
        key, form = match[1] + match[2], match[3]
        member = self._member(match[1], match[2])
        if form == "x":
            return member.forms.get("x") or [each.bare() for each in member.first]
        known = key in self.introduced
        if form is not None and (known or headline or key.endswith("*") or form not in SHORT):
            return member.forms[form]
        if not headline:
            self.introduced.add(key)
        return self.rng.choice(member.later) if known else member.first

    def _member(self, kind: str, number: str) -> Member:
        """The member of this name, cast on first use."""
        key = kind + number
        if key not in self.cast:
            self.cast[key] = self._cast(kind, number)
        return self.cast[key]

    def _cast(self, kind: str, number: str) -> Member:
        """Draw a new member; {n} is the home country, {d} is from {n2}, {p*} from anywhere."""
        if kind == "n" and not number:
            return nation(self.pool, self.pool.nation)
        if kind in HOMES:
            return person(self.pool, CULTURE_OF[self._member("n", HOMES[kind]).first[0].text])
        abroad = number.endswith("*")
        return MAKERS["q" if kind == "p" and abroad else kind](self.pool)


def assemble(parts: list[Name], capitals: bool) -> Sentence:
    """Join words and names to a sentence with its spans, its articles and its capitals."""
    tokens: list[str] = []
    spans: list[Span] = []
    for part in parts:
        tokens.extend(part.article.split())
        start = len(tokens)
        tokens.extend(part.text.split())
        if part.label:
            spans.append(Span(start, len(tokens), part.label))
    for position, token in enumerate(tokens[:-1]):
        if token in ("a", "an", "A", "An") and not any(s.start <= position < s.end for s in spans):
            tokens[position] = token[0] + ("n" if sounds_open(tokens[position + 1]) else "")
    tokens = [token.upper() for token in tokens] if capitals else sentence_case(tokens)
    return Sentence(tuple(tokens), tuple(spans))


def sounds_open(word: str) -> bool:
    """Whether a word takes ``an``: it begins with the sound of a vowel."""
    if re.match(r"(uni[^n]|us|ut|eu|one\b|once|ukr|ug|uru|u\.)", word.lower()):
        return False
    return (
        word[0].lower() in "aeiou"
        or word.startswith(("hour", "honest"))
        or re.match(r"(8|11\b|18\b)", word) is not None
    )


def sentence_case(tokens: list[str]) -> list[str]:
    """Begin with a capital, also after an opening quotation mark or bracket."""
    first = next((i for i, token in enumerate(tokens) if token[0].isalnum()), 0)
    word = tokens[first]
    return [*tokens[:first], word[0].upper() + word[1:], *tokens[first + 1 :]]


# --------------------------------------------------------------------------------------
# From sentences to a corpus
# --------------------------------------------------------------------------------------


def repeats(sentence: Sentence) -> bool:
    """Whether a name stands twice in a sentence, as when a side would play itself."""
    names = [sentence.tokens[s.start : s.end] for s in sentence.spans if s.label != "MISC"]
    return len(names) != len(set(names))


def usable(split: str, options: list[Template]) -> list[Template]:
    """The templates a split may use: training none of the unseen ones."""
    return [each for each in options if split != "train" or not each.unseen]


class Writer:
    """Writes the stories of all splits; no sentence occurs twice anywhere."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.seen: set[tuple[str, ...]] = set()

    def documents(self, split: str, size: int) -> Iterator[list[Sentence]]:
        """Yield stories until there are `size` sentences."""
        rng = random.Random(f"{self.seed} {split}")
        missing = size
        while missing:
            theme = rng.choice(sorted(SECTIONS))
            story = self._story(rng, split, theme)[:missing]
            missing -= len(story)
            yield story

    def _story(self, rng: random.Random, split: str, theme: str) -> list[Sentence]:
        """Write one document: often a headline and a dateline, a lead, and the body."""
        story = Story(rng, split)
        heads, leads, body = (usable(split, part) for part in SECTIONS[theme].values())
        length = rng.randint(5, 12)
        sentences: list[Sentence] = []
        if story.pool.chance(0.5):
            sentences += self._draw(story, heads, headline=True)
        if story.pool.chance(0.25):
            place = "n.t" if "{n.t}" in THEMES[theme] else "t"
            sentences += self._draw(story, [Template(f"{{{place}}} , {{date}}")], headline=True)
        sentences += self._draw(story, leads)
        table = theme.startswith("results")
        if table:  # the lines that are results recur, the others do not
            body = [line for line in body for _ in range(4 if line.text[0] == "{" else 1)]
        named, plain_ones = usable(split, NAMED), usable(split, PLAIN)
        while len(sentences) < length:
            options = body
            if not table and story.pool.chance(GENERAL):
                about = "p" in story.introduced and story.pool.chance(0.35)
                options = named if about else plain_ones
            sentences += self._draw(story, options, spend=True)
        return sentences

    def _draw(
        self,
        story: Story,
        options: list[Template],
        headline: bool = False,
        spend: bool = False,
    ) -> list[Sentence]:
        """One new sentence from any of the templates; `spend` takes that one off the list."""
        for template in story.rng.sample(options, len(options)):
            introduced = set(story.introduced)
            sentence = story.sentence(template, headline)
            if sentence.tokens not in self.seen and not repeats(sentence):
                self.seen.add(sentence.tokens)
                if spend:
                    options.remove(template)
                return [sentence]
            story.introduced = introduced
        return []


def lines_of(documents: Iterator[list[Sentence]]) -> Iterator[str]:
    """Write documents as two columns in IOB2, each after a ``-DOCSTART-`` line."""
    for document in documents:
        yield "-DOCSTART- O\n\n"
        for sentence in document:
            tags = tags_of(sentence.spans, len(sentence), "iob2")
            rows = zip(sentence.tokens, tags, strict=True)
            yield "".join(f"{token} {tag}\n" for token, tag in rows) + "\n"


def write_corpus(out: Path, seed: int = 1) -> None:
    """Write ``train.conll``, ``valid.conll`` and ``test.conll`` into a folder."""
    writer = Writer(seed)
    for split, size in SIZES.items():
        with write_text(out / f"{split}.conll") as file:
            file.writelines(lines_of(writer.documents(split, size)))


def main() -> None:
    """Read the command line and write the corpus."""
    parser = argparse.ArgumentParser(description="Write the demo corpus from templates.")
    parser.add_argument("--out", type=Path, default=Path("data/demo"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another corpus")
    arguments = parser.parse_args()
    write_corpus(arguments.out, arguments.seed)


if __name__ == "__main__":
    main()
